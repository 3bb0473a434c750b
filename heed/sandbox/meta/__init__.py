"""What the simulators of Meta's networks share."""
