"""Values from other systems that this process keeps in memory and loads again when they are old."""
