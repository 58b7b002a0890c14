"""Bad and odd inputs: what they are, who is given them, and what came of it."""
