"""What all networks of Meta have in common. Not a network itself."""
