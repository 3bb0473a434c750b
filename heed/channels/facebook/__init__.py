"""Facebook Pages with Messenger."""
