"""Bluesky: mentions, replies, quotes and reactions by polling, posts, and chat through its own service."""
