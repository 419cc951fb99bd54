// A whole job with the fetch client of orval.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cancel, credits, library, status, submit, templates, type Job, type Order } from "./generated.js";

const options = { headers: { Authorization: `Bearer ${process.env["TOKEN"]}` } };
const stranger = { headers: { Authorization: "Bearer wrong" } };

const startImage = new Blob([readFileSync("canvas.png")], { type: "image/png" });
const start = (order: Order) => submit({ startImage, data: JSON.stringify(order) }, options);

const catalogue = await templates();
assert(catalogue.status === 200);
const template = catalogue.data.templates.find(({ slug }) => slug === "night-life-roller")!;
const order: Order = { templateSlug: template.slug, variables: { mood: "raw" } };

const accepted = await start(order);
assert(accepted.status === 202);
assert.equal(accepted.data.credits, template.credits);
const { jobId } = accepted.data;
let job: Job;
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const answer = await status({ jobId }, options);
  assert(answer.status === 200);
  job = answer.data;
} while (job.status === "pending" || job.status === "processing");
assert.equal(job.status, "completed");
assert.ok(job.url && job.bytes);

const page = await library({ limit: 5 }, options);
assert(page.status === 200);
assert.deepEqual(page.data.videos.map((video) => video.jobId), [jobId]);
const account = await credits(options);
assert(account.status === 200);
assert.equal(account.data.entries[0]!.kind, "charge");

const second = await start(order);
assert(second.status === 202);
const cancelled = await cancel({ jobId: second.data.jobId }, options);
assert(cancelled.status === 202);
assert.equal(cancelled.data.status, "cancelled");

const refused = {
  job_finished: await cancel({ jobId }, options),
  job_not_found: await status({ jobId: "no-such" }, options),
  template_not_found: await start({ templateSlug: "no-such" }),
  unauthenticated: await library({}, stranger),
};
for (const [code, answer] of Object.entries(refused)) {
  assert("code" in answer.data);
  assert.equal(answer.data.code, code);
}
