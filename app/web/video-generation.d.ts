/** A job as the service tells it; times are RFC 3339 in UTC. */
export interface JobStatus {
  readonly jobId: string;
  readonly status: "pending" | "processing" | "completed" | "failed" | "cancelled";
  readonly stage: "submitting" | "queued" | "generating" | "cancelling" | "storing" | "done";
  readonly templateSlug: string;
  readonly falModel: string;
  readonly credits: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly queuePosition?: number;
  readonly completedAt?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly url?: string;
  readonly key?: string;
  readonly posterUrl?: string;
  readonly bytes?: number;
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
}

export interface CompletedStatus extends JobStatus {
  readonly status: "completed";
  readonly completedAt: string;
  /** Signed, and good for a limited time: `videos.status(jobId)` has a fresh one. */
  readonly url: string;
  readonly key: string;
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: "text" | "number" | "choice";
  readonly required: boolean;
  readonly default?: string | number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly (string | number)[];
}

export interface Template {
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly credits: number;
  readonly falModel: string;
  readonly variables: readonly Variable[];
}

export interface LibraryVideo {
  readonly jobId: string;
  readonly key: string;
  readonly url: string;
  readonly posterUrl: string | null;
  readonly title: string;
  readonly templateSlug: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly width: number;
  readonly height: number;
  readonly createdAt: string;
}

export interface CreditEntry {
  readonly kind: "grant" | "hold" | "release" | "charge";
  readonly credits: number;
  readonly jobId?: string;
  readonly createdAt: string;
}

export interface Credits {
  readonly balance: number;
  readonly held: number;
  readonly available: number;
  readonly entries: readonly CreditEntry[];
}

export type Connection = "live" | "polling" | "offline";

export interface Waiting {
  /** Aborting it ends the waiting with a `GenerationError` of code `aborted`. */
  signal?: AbortSignal;
}

/** Everything that goes wrong. */
export class GenerationError extends Error {
  /**
   * The service's own code (`insufficient_credits`, `fal_rejected`, …), or `offline`, `aborted`,
   * `cancelled`, `image_unavailable`, `unexpected_answer`.
   */
  readonly code: string;
  /** What happened, for people; the same as `message`. */
  readonly detail: string;
  /** The HTTP status of a refusal. */
  readonly status: number | null;
  readonly jobId: string | null;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | null;
}

/** One generation; the same object for everybody in this page. */
export class Job {
  private constructor();
  readonly id: string;
  /** The last status heard. */
  readonly latest: JobStatus | null;
  readonly isFinished: boolean;
  /** Rejects with a `GenerationError`; a job that nobody awaits may fail unnoticed. */
  readonly finished: Promise<CompletedStatus>;
  /** Calls the listener with how the job stands, if known, and on each change. */
  subscribe(listener: (status: JobStatus) => void): () => void;
  /** Asks for the end; rejects with `job_finished` where it is too late. */
  cancel(): Promise<void>;
}

export interface VideoGenerationOptions {
  /** Where the service is; this page's origin by default. */
  baseUrl?: string;
  /** Asked before each request. The token's `sub` keeps users apart. */
  getToken?: () => string | null | undefined | Promise<string | null | undefined>;
  /** Keeps users apart instead of the token's `sub`. */
  userKey?: string;
  timing?: {
    /** Silence after which a stream counts as dead; more than two of the service's 15 s. */
    silenceMs?: number;
    /** How often unfinished jobs are polled where no stream can be had. */
    pollMs?: number;
  };
}

/** All generations of whoever is signed in. */
export class VideoGeneration {
  constructor(options?: VideoGenerationOptions);
  /** The jobs known at present, by id. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** `live` with a stream, `polling` without (yet), `offline` while nobody answers. */
  readonly connection: Connection;
  onconnection: ((connection: Connection) => void) | null;
  /** Called where following needs the user: `unauthenticated`, once until it works again. */
  onerror: ((error: GenerationError) => void) | null;
  /**
   * Queues a job. Lost answers are asked for again under the same key, so that it is one job.
   * Aborting ends the waiting only: a job that has been made meanwhile goes on.
   */
  submit(
    picture: HTMLCanvasElement | OffscreenCanvas | Blob,
    data: { templateSlug: string; variables?: Record<string, string | number>; [more: string]: unknown },
    options?: Waiting & { idempotencyKey?: string },
  ): Promise<Job>;
  /**
   * Follows a job for good, or until the signal fires: `finished` then rejects with `aborted`,
   * unless the job is followed for another reason too.
   */
  follow(jobId: string, options?: Waiting): Job;
  /** Calls the listener for every change of any job, new ones included. */
  subscribe(listener: (job: Job) => void): () => void;
  /**
   * Follows all jobs under way, wherever they were started, and those of before a reload that
   * have ended meanwhile. Resolves with the first word, or once none can be had just now.
   */
  resume(): Promise<void>;
  /** One fresh status, for an address that has expired say. */
  status(jobId: string, options?: Waiting): Promise<JobStatus>;
  templates(options?: Waiting): Promise<{ templates: Template[] }>;
  library(
    options?: Waiting & { limit?: number; cursor?: string | null; templateSlug?: string },
  ): Promise<{ videos: LibraryVideo[]; nextCursor: string | null }>;
  credits(options?: Waiting): Promise<Credits>;
  /** Stops following, for good; jobs go on in the service. */
  close(): void;
}
