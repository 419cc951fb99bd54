import type { GenerationError, Job, JobStatus, VideoGeneration } from "./video-generation.js";

export interface AsyncVideoGeneration {
  /**
   * Starts a generation; the latest one started is shown. Resolves with the job, or with null if
   * it failed (see `error`) or a later start replaced it. If the answer was lost, starting the same
   * order again makes and charges it once.
   */
  start(
    picture: Parameters<VideoGeneration["submit"]>[0],
    data: Parameters<VideoGeneration["submit"]>[1],
  ): Promise<Job | null>;
  /**
   * Asks the service to cancel the job that is shown; sets `error` if that fails, until it is tried
   * again or the video is there. A job that is still being submitted is cancelled once it is there,
   * whatever is shown by then.
   */
  cancel(): Promise<void>;
  /** Shows nothing; the job that was shown continues. */
  reset(): void;
  readonly job: Job | null;
  readonly status: JobStatus["status"] | null;
  readonly stage: JobStatus["stage"] | null;
  readonly queuePosition: number | null;
  readonly url: string | null;
  readonly error: GenerationError | null;
  readonly isRunning: boolean;
}

/** The generation of one component; use one `videos` object for the whole app. */
export function useAsyncVideoGeneration(
  videos: VideoGeneration,
  options?: {
    /** A job to show (for example from the URL) until another one is started. */
    jobId?: string | null;
  },
): AsyncVideoGeneration;
