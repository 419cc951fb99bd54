/** What every status of a job has; times are RFC 3339 in UTC. */
interface JobFacts {
  readonly jobId: string;
  readonly stage: "submitting" | "queued" | "generating" | "cancelling" | "storing" | "done";
  readonly templateSlug: string;
  readonly falModel: string;
  /** True if the service's own stand-in for fal made the video, and not the model. */
  readonly localPreview?: boolean;
  /** As submitted, with defaults. */
  readonly variables: Readonly<Record<string, string | number>>;
  readonly credits: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** A signed URL of the start image, once it is stored; absent if it is not kept. */
  readonly startImageUrl?: string;
  /** When its user deleted the video. */
  readonly deletedAt?: string;
}

/** What only some statuses have. It may be read from any status, and is undefined in the others. */
interface Absent {
  readonly queuePosition?: undefined;
  readonly completedAt?: undefined;
  readonly url?: undefined;
  readonly downloadUrl?: undefined;
  readonly key?: undefined;
  readonly posterUrl?: undefined;
  readonly bytes?: undefined;
  readonly durationSeconds?: undefined;
  readonly width?: undefined;
  readonly height?: undefined;
  readonly codec?: undefined;
  readonly error?: undefined;
}

type Status<Facts> = JobFacts & Facts & Omit<Absent, keyof Facts>;

/** Not yet running at fal. */
export type PendingStatus = Status<{
  readonly status: "pending";
  /** 0 is next. */
  readonly queuePosition?: number;
}>;

export type ProcessingStatus = Status<{ readonly status: "processing" }>;

/** The video is there. */
export type CompletedStatus = Status<{
  readonly status: "completed";
  readonly deletedAt?: undefined;
  readonly completedAt: string;
  /** A signed URL that expires; `videos.status(jobId)` returns a fresh one. */
  readonly url: string;
  /** As `url`, but a browser saves the video under its name. */
  readonly downloadUrl: string;
  readonly key: string;
  readonly posterUrl?: string;
  readonly bytes?: number;
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly codec?: string;
}>;

/** The video was deleted, or an old job has none: `url` is undefined. */
export type DeletedStatus = Status<{
  readonly status: "completed";
  readonly completedAt: string;
  readonly bytes?: number;
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly codec?: string;
}>;

export type FailedStatus = Status<{
  readonly status: "failed";
  readonly completedAt?: string;
  readonly error: { readonly code: string; readonly message: string };
}>;

export type CancelledStatus = Status<{
  readonly status: "cancelled";
  readonly completedAt?: string;
}>;

/** A job as the service reports it; `status` tells which fields it has. */
export type JobStatus =
  | PendingStatus
  | ProcessingStatus
  | CompletedStatus
  | DeletedStatus
  | FailedStatus
  | CancelledStatus;

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: "text" | "number" | "integer" | "choice";
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
  /** The price of a job whose choices are the defaults; `priceOf` returns the price of others. */
  readonly credits: number;
  /** What each choice of a variable multiplies the price by: `{variable: {choice: factor}}`. */
  readonly factors?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly falModel: string;
  /** The model's name for people. */
  readonly modelName: string;
  /** The ratios of start images that the model takes, such as `16:9`; any if absent. */
  readonly aspectRatios?: readonly string[];
  /** Pixels that the long side of a start image should have. */
  readonly startSide: number;
  /** Pixels that each side of a start image must have. */
  readonly minimumSide?: number;
  /** Seconds that recent videos of the template took; absent if there are too few. */
  readonly waitSeconds?: { readonly from: number; readonly to: number };
  readonly variables: readonly Variable[];
}

export interface LibraryVideo {
  readonly jobId: string;
  readonly key: string;
  readonly url: string;
  /** As `url`, but a browser saves the video under its name. */
  readonly downloadUrl: string;
  readonly posterUrl: string | null;
  /** Absent if the start image is not kept. */
  readonly startImageUrl?: string;
  readonly title: string;
  readonly favourite: boolean;
  /** As of its job. */
  readonly localPreview?: boolean;
  /** Those of its job. */
  readonly variables: Readonly<Record<string, string | number>>;
  /** The link under which anyone sees the video; absent while it is not shared. */
  readonly shareUrl?: string;
  readonly templateSlug: string;
  readonly bytes: number;
  /** Absent, as `width` and `height` are, if the file of an old video cannot be decoded. */
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly codec?: string;
  readonly createdAt: string;
}

export interface CreditEntry {
  readonly kind: "grant" | "hold" | "release" | "charge" | "refund" | "withdrawal";
  readonly credits: number;
  readonly jobId?: string;
  /** Of the job's video, or of its template if there is no video. */
  readonly title?: string;
  /** The id that a shop or the operator gave to a grant or a withdrawal. */
  readonly reference?: string;
  readonly createdAt: string;
}

export interface Credits {
  readonly balance: number;
  readonly held: number;
  readonly available: number;
  readonly entries: readonly CreditEntry[];
}

/** Who is signed in, as the token says. */
export interface Caller {
  readonly user: string;
  readonly email: string | null;
}

export type Connection = "live" | "polling" | "offline";

export interface Waiting {
  /** If it fires, the call rejects with a `GenerationError` of code `aborted`. */
  signal?: AbortSignal;
}

/** Every error of this module. */
export class GenerationError extends Error {
  /**
   * The service's own code (`insufficient_credits`, `fal_rejected`, …), or `offline`, `aborted`,
   * `cancelled`, `deleted`, `image_unavailable`, `unexpected_answer`.
   */
  readonly code: string;
  /** What happened, in words for the user; the same as `message`. */
  readonly detail: string;
  /** The HTTP status, if the service answered with an error. */
  readonly status: number | null;
  readonly jobId: string | null;
  /** Seconds to wait before trying again. */
  readonly retryAfter: number | null;
}

/** One generation; a page has one object per job id. */
export class Job {
  private constructor();
  readonly id: string;
  /** The latest known status. */
  readonly latest: JobStatus | null;
  readonly isFinished: boolean;
  /**
   * The video; rejects with a `GenerationError` if there is none. No unhandled rejection if nobody
   * awaits it.
   */
  readonly finished: Promise<CompletedStatus>;
  /** Calls the listener with the latest status, if known, and on each change. */
  subscribe(listener: (status: JobStatus) => void): () => void;
  /** Asks the service to cancel; rejects with `job_finished` if it is too late. */
  cancel(): Promise<void>;
}

type Token = string | null | undefined;

export interface VideoGenerationOptions {
  /** The service's URL, or a path at this page's origin (`/video`); this origin by default. */
  baseUrl?: string;
  /**
   * Called before each request; `refused` says that the service refused its last answer, so a kept
   * token is of no use. The request is then sent once more. Without an answer within 20 s, the call
   * rejects with `offline`. The token's `sub` separates users.
   * Without a token, jobs wait for one; they are dropped only for the token of another user.
   */
  getToken?: (why: { refused: boolean }) => Token | Promise<Token>;
  /**
   * Separates users instead of the token's `sub`. If neither is there, as with a session cookie,
   * the user is unknown, and tabs share nothing.
   */
  userKey?: string;
  timing?: {
    /** Silence after which a stream counts as dead; the service writes every 15 s. */
    silenceMs?: number;
    /** How often unfinished jobs are polled while there is no stream, or a silent new one. */
    pollMs?: number;
  };
}

/**
 * The price of a job in credits, which the service holds when the job is submitted. Variables that
 * are left out have their defaults.
 */
export function priceOf(
  template: Pick<Template, "credits" | "factors">,
  variables?: Readonly<Record<string, unknown>>,
): number;

/** All generations of the signed-in user. A server that renders pages may create it, too. */
export class VideoGeneration {
  constructor(options?: VideoGenerationOptions);
  /** The jobs known now, by id. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** `live` with a stream, `polling` without one (yet), `offline` while the service is unreachable. */
  readonly connection: Connection;
  onconnection: ((connection: Connection) => void) | null;
  /** Called when the user must sign in again (`unauthenticated`): once until it works again. */
  onerror: ((error: GenerationError) => void) | null;
  /**
   * Queues a job. A request without an answer is repeated under the same key, so it creates one
   * job. Aborting only ends the waiting: a job that was already created continues.
   *
   * `onprogress` is called while the picture is sent. A repeated request starts again with 0.
   */
  submit(
    picture: HTMLCanvasElement | OffscreenCanvas | Blob,
    data: { templateSlug: string; variables?: Record<string, string | number>; [more: string]: unknown },
    options?: Waiting & {
      /** Pass the key of an order whose answer was lost with the same order: it is made once. */
      idempotencyKey?: string;
      onprogress?: (bytes: { sent: number; total: number }) => void;
    },
  ): Promise<Job>;
  /**
   * Follows a job to its end, or until the signal fires: `finished` then rejects with `aborted`,
   * unless the job is also followed elsewhere.
   */
  follow(jobId: string, options?: Waiting): Job;
  /** Calls the listener for each change of any job, including new jobs. */
  subscribe(listener: (job: Job) => void): () => void;
  /**
   * Follows all unfinished jobs, wherever they were started, and those that ended during a reload.
   * Resolves with the first update, or as soon as the service cannot be reached.
   */
  resume(): Promise<void>;
  /** A fresh status, for example when a signed URL has expired. */
  status(jobId: string, options?: Waiting): Promise<JobStatus>;
  /** The user's jobs of every status, or of one, newest first, in pages. */
  history(
    options?: Waiting & { status?: JobStatus["status"]; limit?: number; cursor?: string | null },
  ): Promise<{ jobs: JobStatus[]; nextCursor: string | null }>;
  templates(options?: Waiting): Promise<{ templates: Template[] }>;
  library(
    options?: Waiting & {
      limit?: number;
      cursor?: string | null;
      templateSlug?: string;
      /** Looked for in titles, upper and lower case alike. */
      q?: string;
      favourite?: boolean;
    },
  ): Promise<{ videos: LibraryVideo[]; nextCursor: string | null }>;
  /** One video of the library; rejects with `video_not_found` if it was deleted. */
  video(jobId: string, options?: Waiting): Promise<LibraryVideo>;
  changeVideo(
    jobId: string,
    change: { title?: string; favourite?: boolean },
  ): Promise<LibraryVideo>;
  /** Deletes for good; the request outlives a page that is being left. */
  deleteVideo(jobId: string): Promise<void>;
  /** Makes a link under which anyone sees the video; the same each time. */
  share(jobId: string): Promise<{ shareUrl: string }>;
  /** Ends the link for good: sharing again makes another one. */
  revokeShare(jobId: string): Promise<void>;
  credits(options?: Waiting): Promise<Credits>;
  me(options?: Waiting): Promise<Caller>;
  /** Stops following permanently: `finished` rejects with `aborted`. Jobs continue in the service. */
  close(): void;
}
