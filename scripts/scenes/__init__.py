"""What each template's preview shows: a scene draws its frame at any time of its loop."""

from scripts.scenes.city import NightLifeRoller
from scripts.scenes.corridor import GentleZoom
from scripts.scenes.floor import DanceFloor
from scripts.scenes.light import Scene
from scripts.scenes.poster import PosterParallax
from scripts.scenes.product import ProductTurntable
from scripts.scenes.ribbons import Ribbons
from scripts.scenes.someone import PortraitAlive
from scripts.scenes.story import StoryTeaser
from scripts.scenes.summits import CinematicReveal
from scripts.scenes.weather import WeatherChange

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
"""By the template's slug; ``any`` stands in for templates that came later."""
