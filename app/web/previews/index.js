/** Written by scripts/artwork/previews.py. */
export const PREVIEWS = [
  "any",
  "cinematic-reveal",
  "dance-floor",
  "gentle-zoom",
  "night-life-roller",
  "portrait-alive",
  "poster-parallax",
  "product-turntable",
  "story-teaser",
  "weather-change",
];
