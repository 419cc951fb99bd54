// A whole job with the client of openapi-generator's typescript-fetch.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { AccountApi, Configuration, ProblemFromJSON, ResponseError, VideosApi, type Job, type Order } from "./generated/index.js";

const basePath = process.env["SERVICE"]!;
const configuration = new Configuration({ basePath, accessToken: process.env["TOKEN"]! });
const stranger = new Configuration({ basePath, accessToken: "wrong" });
const videos = new VideosApi(configuration);
const account = new AccountApi(configuration);

const startImage = new Blob([readFileSync("canvas.png")], { type: "image/png" });
const start = (order: Order) => videos.submit({ startImage, data: JSON.stringify(order) });

async function code(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(() => assert.fail("not refused"), (reason: unknown) => reason);
  assert(error instanceof ResponseError);
  return ProblemFromJSON(await error.response.json()).code;
}

const { templates } = await account.templates();
const template = templates.find(({ slug }) => slug === "night-life-roller")!;
const order: Order = { templateSlug: template.slug, variables: { mood: "raw" } };

const accepted = await start(order);
assert.equal(accepted.credits, template.credits);
const { jobId } = accepted;
let job: Job;
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  job = await videos.status({ jobId });
} while (job.status === "pending" || job.status === "processing");
assert.equal(job.status, "completed");
assert.ok(job.url && job.bytes && job.createdAt instanceof Date);

assert.deepEqual((await account.library({ limit: 5 })).videos.map((video) => video.jobId), [jobId]);
assert.equal((await account.credits()).entries[0]!.kind, "charge");

const second = await start(order);
assert.equal((await videos.cancel({ jobId: second.jobId })).status, "cancelled");

assert.equal(await code(videos.cancel({ jobId })), "job_finished");
assert.equal(await code(videos.status({ jobId: "no-such" })), "job_not_found");
assert.equal(await code(start({ templateSlug: "no-such" })), "template_not_found");
assert.equal(await code(new AccountApi(stranger).library()), "unauthenticated");
