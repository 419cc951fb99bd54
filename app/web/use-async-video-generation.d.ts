import type { GenerationError, Job, JobStatus, VideoGeneration } from "./video-generation.js";

export interface AsyncVideoGeneration {
  /**
   * Starts a generation; of several started one after the other the last is shown. Resolves with
   * the job, or with null where it failed (see `error`) or a later start took over.
   */
  start(
    picture: Parameters<VideoGeneration["submit"]>[0],
    data: Parameters<VideoGeneration["submit"]>[1],
  ): Promise<Job | null>;
  /** Asks for the end of the job that is shown; what goes wrong is told by `error`. */
  cancel(): Promise<void>;
  /** Shows nothing; what was shown goes on. */
  reset(): void;
  readonly job: Job | null;
  readonly status: JobStatus["status"] | null;
  readonly stage: JobStatus["stage"] | null;
  readonly queuePosition: number | null;
  readonly url: string | null;
  readonly error: GenerationError | null;
  readonly isRunning: boolean;
}

/** Of one component; `videos` is one object for the whole app. */
export function useAsyncVideoGeneration(
  videos: VideoGeneration,
  options?: {
    /** A job to show, of the page's address say, until another one is started. */
    jobId?: string | null;
  },
): AsyncVideoGeneration;
