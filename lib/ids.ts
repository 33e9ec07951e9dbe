import { v5 } from 'uuid'

/** The name space of every id that is made from something: the same input gives the same id for ever. */
const NAMESPACE = '5f8f1d2e-3b1c-5d55-9a55-6d1f0f3b7a10'

/** Parts are joined so that no two different lists of parts read alike. */
const derived = (...parts: readonly string[]): string => v5(JSON.stringify(parts), NAMESPACE)

/** The id of the attachment of a volume to a host, for one instance or for the host itself. */
export const attachmentId = (globalId: string, host: string, instance = ''): string =>
  derived('attachment', globalId, host, instance)

/** The id of a job that was asked for under an idempotency key. */
export const jobId = (project: string, key: string): string => derived('job', project, key)

/** The id of the image that a job makes in Glance. */
export const imageId = (job: string): string => derived('image', job)
