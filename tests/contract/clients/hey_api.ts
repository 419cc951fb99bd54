// A whole job with the client of @hey-api/openapi-ts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cancel, credits, library, status, submit, templates, type Job, type Order } from "./generated/index.js";
import { client } from "./generated/client.gen.js";

client.setConfig({ baseUrl: process.env["SERVICE"]!, auth: process.env["TOKEN"]! });

const startImage = new Blob([readFileSync("canvas.png")], { type: "image/png" });
const start = (order: Order) => submit({ body: { startImage, data: JSON.stringify(order) } });

const { data: catalogue } = await templates();
const template = catalogue!.templates.find(({ slug }) => slug === "night-life-roller")!;
const order: Order = { templateSlug: template.slug, variables: { mood: "raw" } };

const { data: accepted } = await start(order);
assert.equal(accepted!.credits, template.credits);
const query = { jobId: accepted!.jobId };
let job: Job;
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  job = (await status({ query })).data!;
} while (job.status === "pending" || job.status === "processing");
assert.equal(job.status, "completed");
assert.ok(job.url && job.bytes);

assert.deepEqual((await library({ query: { limit: 5 } })).data!.videos.map(({ jobId }) => jobId), [job.jobId]);
assert.equal((await credits()).data!.entries[0]!.kind, "charge");

const { data: second } = await start(order);
const cancelled = await cancel({ query: { jobId: second!.jobId } });
assert.equal(cancelled.data!.status, "cancelled");

assert.equal((await cancel({ query })).error!.code, "job_finished");
assert.equal((await status({ query: { jobId: "no-such" } })).error!.code, "job_not_found");
assert.equal((await start({ templateSlug: "no-such" })).error!.code, "template_not_found");
assert.equal((await library({ auth: "wrong" })).error!.code, "unauthenticated");
