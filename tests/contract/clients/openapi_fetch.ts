// A whole job with the types of openapi-typescript and the client openapi-fetch.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated.js";

type Problem = components["schemas"]["Problem"];
type Order = components["schemas"]["Order"];

const baseUrl = process.env["SERVICE"]!;
const headers = { Authorization: `Bearer ${process.env["TOKEN"]}` };
const client = createClient<paths>({ baseUrl, headers });
const stranger = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer wrong" } });

function submit(order: Order) {
  const form = new FormData();
  form.append("startImage", new Blob([readFileSync("canvas.png")], { type: "image/png" }), "canvas.png");
  form.append("data", JSON.stringify(order));
  return client.POST("/api/templates/video", { body: form as never, bodySerializer: () => form });
}

function code(answer: { error?: Problem | string }): Problem["code"] | undefined {
  return typeof answer.error === "object" ? answer.error.code : undefined;
}

const { data: catalogue } = await createClient<paths>({ baseUrl }).GET("/api/templates");
const template = catalogue!.templates.find(({ slug }) => slug === "night-life-roller")!;
const order: Order = { templateSlug: template.slug, variables: { mood: "raw" } };

const { data: accepted } = await submit(order);
assert.equal(accepted!.credits, template.credits);
const query = { jobId: accepted!.jobId };
let job: components["schemas"]["Job"];
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  job = (await client.GET("/api/templates/video/status", { params: { query } })).data!;
} while (job.status === "pending" || job.status === "processing");
assert.equal(job.status, "completed");
assert.ok(job.url && job.bytes);

const { data: library } = await client.GET("/api/library", { params: { query: { limit: 5 } } });
assert.deepEqual(library!.videos.map(({ jobId }) => jobId), [job.jobId]);
const { data: account } = await client.GET("/api/credits");
assert.equal(account!.entries[0]!.kind, "charge");

const { data: second } = await submit(order);
const cancelled = await client.POST("/api/templates/video/cancel", { params: { query: { jobId: second!.jobId } } });
assert.equal(cancelled.data!.status, "cancelled");

assert.equal(code(await client.POST("/api/templates/video/cancel", { params: { query } })), "job_finished");
assert.equal(code(await client.GET("/api/templates/video/status", { params: { query: { jobId: "no-such" } } })), "job_not_found");
assert.equal(code(await submit({ templateSlug: "no-such" })), "template_not_found");
assert.equal(code(await stranger.GET("/api/library")), "unauthenticated");
