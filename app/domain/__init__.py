"""Jobs, submissions, videos and credits: frozen data without I/O."""
