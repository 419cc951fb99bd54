"""The browser module as an npm package: installed from its tarball, typed, built, and rendered."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.contract.node_project import PACKAGE, STRICT, NodeProject
from tests.contract.recipes import recipe
from tests.support.process import ROOT

USES = """
import { GenerationError, VideoGeneration, priceOf } from "@video-generation/client";
import type { JobStatus, Template } from "@video-generation/client";
import { useAsyncVideoGeneration } from "@video-generation/client/react";

export const videos = new VideoGeneration({
  baseUrl: "/video",
  getToken: async ({ refused }) => (refused ? null : "token"),
});

export function addressOf(status: JobStatus): string {
  // @ts-expect-error only a completed job has an address
  const early: string = status.url;
  switch (status.status) {
    case "completed": {
      // @ts-expect-error its user may have deleted the video
      const deleted: string = status.url;
      return status.url ? status.url + status.key + status.downloadUrl : deleted;
    }
    case "failed": return status.error.message;
    case "pending": return String(status.queuePosition?.toFixed());
    case "processing": case "cancelled": return early;
    default: return status satisfies never;
  }
}

export function deletedOn(status: JobStatus): string {
  return status.status === "completed" && !status.url ? status.deletedAt ?? "" : "";
}

export function labelOf(template: Template, duration: string): string {
  return `${template.modelName}: ${priceOf(template, { duration }).toFixed()}`;
}

export function moodOf({ variables }: JobStatus): string | number | undefined {
  return variables["mood"];
}

export async function keepHouse(jobId: string): Promise<string> {
  const { videos: found } = await videos.library({ q: "sun", favourite: true });
  const { title } = await videos.changeVideo(jobId, { favourite: !found[0]?.favourite });
  const { shareUrl } = await videos.share(jobId);
  await videos.revokeShare(jobId);
  await videos.deleteVideo((await videos.video(jobId)).jobId);
  return title + shareUrl;
}

export async function nameOf(): Promise<string> {
  const { user, email } = await videos.me();
  return email ?? user;
}

export async function animate(canvas: HTMLCanvasElement): Promise<string> {
  const order = { templateSlug: "any", variables: { mood: "raw" } };
  const job = await videos.submit(canvas, order, { onprogress: ({ sent }) => console.log(sent) });
  job.subscribe(({ stage, queuePosition }) => console.log(stage, queuePosition));
  return (await job.finished).url;
}

export function Animate() {
  const { url, error } = useAsyncVideoGeneration(videos, { jobId: "a job" });
  return error instanceof GenerationError ? error.detail : url;
}
"""
RENDER = """
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { VideoGeneration } from "@video-generation/client";
import { useAsyncVideoGeneration } from "@video-generation/client/react";

for (const name of ["location", "document", "navigator"]) {
  Object.defineProperty(globalThis, name, { get() { throw new Error(`${name} is read`); } });
}
const videos = new VideoGeneration({});
function Animate() {
  const { isRunning } = useAsyncVideoGeneration(videos, { jobId: "a job" });
  return createElement("p", null, String(isRunning), String(videos.jobs.size), videos.connection);
}
console.log(renderToString(createElement(Animate)));
videos.close();
"""


VITE_APP = {
    "index.html": '<div id="root"></div><script type="module" src="/src/main.js"></script>',
    "src/main.js": """
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import App from "./App";

createRoot(document.getElementById("root")).render(createElement(App));
""",
}
"""What ``npm create vite`` writes around the recipe."""


def test_the_package_has_the_version_of_the_service_and_depends_on_nothing() -> None:
    package = json.loads((PACKAGE / "package.json").read_text())
    service = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert package["version"] == service["version"]
    assert "dependencies" not in package
    assert package["peerDependenciesMeta"] == {"react": {"optional": True}}


@pytest.mark.timeout(600)
def test_the_installed_package_is_typed_builds_and_is_rendered_on_a_server(tmp_path: Path) -> None:
    project = NodeProject(tmp_path)
    react = ("react@19", "react-dom@19", "@types/react@19")
    project.install_client(*react, "typescript@7", "vite@8", "@vitejs/plugin-react@6")

    project.write(recipe("Vite") | VITE_APP | {"src/uses.tsx": USES})
    project.write({"tsconfig.json": json.dumps(STRICT | {"include": ["src"]})})
    project.run("tsc")

    project.run("vite", "build", "--logLevel", "warn")
    [script] = (project.folder / "dist" / "assets").glob("*.js")
    assert "/api/templates/video" in script.read_text()

    project.write({"render.mjs": RENDER})
    html = project.run("node", "render.mjs")
    assert html.strip() == "<p>false<!-- -->0<!-- -->polling</p>"
