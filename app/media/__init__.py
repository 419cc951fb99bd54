"""Media that come from outside: checks of start images, downloads and checks of videos."""
