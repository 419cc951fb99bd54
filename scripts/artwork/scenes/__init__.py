"""The scenes of the templates' previews: each draws its frame at any time of its loop."""

from scripts.artwork.scenes.city import NightLifeRoller
from scripts.artwork.scenes.corridor import GentleZoom
from scripts.artwork.scenes.floor import DanceFloor
from scripts.artwork.scenes.light import Scene
from scripts.artwork.scenes.poster import PosterParallax
from scripts.artwork.scenes.product import ProductTurntable
from scripts.artwork.scenes.ribbons import Ribbons
from scripts.artwork.scenes.someone import PortraitAlive
from scripts.artwork.scenes.story import StoryTeaser
from scripts.artwork.scenes.summits import CinematicReveal
from scripts.artwork.scenes.weather import WeatherChange

SCENES: dict[str, type[Scene]] = {
    "cinematic-reveal": CinematicReveal,
    "dance-floor": DanceFloor,
    "gentle-zoom": GentleZoom,
    "night-life-roller": NightLifeRoller,
    "portrait-alive": PortraitAlive,
    "poster-parallax": PosterParallax,
    "product-turntable": ProductTurntable,
    "story-teaser": StoryTeaser,
    "weather-change": WeatherChange,
    "any": Ribbons,
}
"""By the template's slug; ``any`` is for templates without a scene of their own."""
