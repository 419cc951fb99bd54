"""How to provoke the problems of deleting a video and of erasing a user."""

import httpx

from tests.support.problems.scene import Scene
from tests.support.tokens import admin_bearer


async def video_not_found(scene: Scene) -> httpx.Response:
    return await scene.ask()


async def no_such_user(scene: Scene) -> httpx.Response:
    return await scene.run.client.delete(f"/api/admin/users/{'x' * 129}", headers=admin_bearer())


OWN = {
    ("deleteVideo", "video_not_found"): video_not_found,
    ("eraseUser", "not_found"): no_such_user,
}
