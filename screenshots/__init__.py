"""The pictures in docs/, taken by a command of a Heed of their own."""
