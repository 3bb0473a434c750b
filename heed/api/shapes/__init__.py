"""What goes in and out: the documented shapes, and how our records are told in them.

Times are ISO 8601 in UTC. Lists are `{items, next}`; an empty `next` means the end.
"""
