import type { Readable } from 'node:stream'
import type * as sdk from '@aws-sdk/client-s3'
import type { Secrets } from '../lib/agent/tasks.ts'
import { asFault } from './s3-faults.ts'
import type { S3Store } from './stores.ts'

/** A part as the server keeps it. */
export interface Kept {
  readonly bytes: number
  readonly etag: string
  /** In base64, where the server computes it. */
  readonly crc32: string | undefined
}

export interface Part {
  readonly number: number
  readonly bytes: number
  readonly crc32: string
  readonly body: Readable
}

/** Metadata of an object: whose it is. */
const owner = 'cinderless-task'
/** Between a request and a part that may be a tenth of a gigabyte: without a byte for so long is broken off. */
const limits = { connectionTimeout: 10_000, socketTimeout: 60_000 }

/**
 * The calls of S3 that an upload needs, each made once. The SDK is loaded by the first upload: an agent without one
 * does not pay for it. Nothing is read from the environment.
 *
 * @throws S3Fault
 */
export const connectS3 = async (store: S3Store, secrets: Secrets, ca: string[] | undefined) => {
  const { accessKeyId = '', secretAccessKey = '', sessionToken } = secrets
  const s3 = await import('@aws-sdk/client-s3')
  const client = new s3.S3Client({
    endpoint: store.endpoint,
    region: store.region,
    forcePathStyle: store.pathStyle,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    maxAttempts: 1,
    logger: silent,
    // A part's checksum is computed once, where it is read.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { ...limits, ...(ca && { httpsAgent: { ca } }) },
  })
  const { bucket: Bucket } = store
  const on = (key: string) => ({ Bucket, Key: `${store.prefix}${key}` })
  const upload = (key: string, UploadId: string) => ({ ...on(key), UploadId })

  return {
    /** What is there under a key, and by which task it was put there. */
    head: async (key: string, signal?: AbortSignal) => {
      const found = await client.send(new s3.HeadObjectCommand(on(key)), abortable(signal)).catch(asFault)
      if ('fault' in found) return found.fault.is('absent')
      const { ContentLength: bytes, ETag: etag, Metadata = {} } = found
      return { bytes, etag, task: Metadata[owner] }
    },
    /** @returns the upload's id */
    begin: async (key: string, task: string, signal: AbortSignal): Promise<string> => {
      const input = { ...on(key), Metadata: { [owner]: task }, ChecksumAlgorithm: 'CRC32' as const }
      const begun = await client
        .send(new s3.CreateMultipartUploadCommand(input), abortable(signal))
        .catch(asFault)
      if ('fault' in begun) throw begun.fault
      return begun.UploadId ?? ''
    },
    /** The parts that have come, by number; undefined where there is no such upload any more. */
    parts: async (
      key: string,
      uploadId: string,
      signal?: AbortSignal,
    ): Promise<Map<number, Kept> | undefined> => {
      const kept = new Map<number, Kept>()
      for (let after: string | undefined; ; ) {
        const input = { ...upload(key, uploadId), ...(after !== undefined && { PartNumberMarker: after }) }
        const page = await client.send(new s3.ListPartsCommand(input), abortable(signal)).catch(asFault)
        if ('fault' in page) return page.fault.is('absent')
        for (const {
          PartNumber: number = 0,
          Size: bytes = 0,
          ETag: etag = '',
          ChecksumCRC32: crc32,
        } of page.Parts ?? [])
          kept.set(number, { bytes, etag, crc32 })
        after = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
        if (after === undefined) return kept
      }
    },
    put: async (key: string, uploadId: string, part: Part, signal: AbortSignal): Promise<Kept> => {
      const { number: PartNumber, bytes, body: Body, crc32: ChecksumCRC32 } = part
      const input = { ...upload(key, uploadId), PartNumber, Body, ContentLength: bytes, ChecksumCRC32 }
      const put = await client.send(new s3.UploadPartCommand(input), abortable(signal)).catch(asFault)
      if ('fault' in put) throw put.fault
      return { bytes, etag: put.ETag ?? '', crc32: put.ChecksumCRC32 }
    },
    /**
     * Make one object of all parts.
     *
     * @param alone whether the server is asked not to write over an object that has come there meanwhile
     */
    complete: async (
      key: string,
      uploadId: string,
      parts: readonly Kept[],
      alone: boolean,
      signal: AbortSignal,
    ): Promise<string | undefined> => {
      const Parts = parts.map(
        ({ etag: ETag, crc32 }, at): sdk.CompletedPart => ({
          PartNumber: at + 1,
          ETag,
          ...(crc32 !== undefined && { ChecksumCRC32: crc32 }),
        }),
      )
      const input = {
        ...upload(key, uploadId),
        MultipartUpload: { Parts },
        ...(alone && { IfNoneMatch: '*' }),
      }
      const done = await client
        .send(new s3.CompleteMultipartUploadCommand(input), abortable(signal))
        .catch(asFault)
      if ('fault' in done) throw done.fault
      return done.ETag
    },
    /** Throw all parts away. That there is no such upload is as good. */
    abort: async (key: string, uploadId: string): Promise<void> => {
      const gone = await client.send(new s3.AbortMultipartUploadCommand(upload(key, uploadId))).catch(asFault)
      if ('fault' in gone) gone.fault.is('absent')
    },
    remove: async (key: string): Promise<void> => {
      const gone = await client.send(new s3.DeleteObjectCommand(on(key))).catch(asFault)
      if ('fault' in gone) throw gone.fault
    },
    /** The uploads to a key that were begun since. */
    begunSince: async (key: string, since: Date): Promise<string[]> => {
      const input = { Bucket, Prefix: on(key).Key }
      const page = await client.send(new s3.ListMultipartUploadsCommand(input)).catch(asFault)
      if ('fault' in page) throw page.fault
      return (page.Uploads ?? [])
        .filter(({ Key, Initiated }) => Key === input.Prefix && Initiated !== undefined && Initiated >= since)
        .flatMap(({ UploadId }) => UploadId ?? [])
    },
    close: (): void => client.destroy(),
  }
}
export type S3 = Awaited<ReturnType<typeof connectS3>>

/** What is wrong is said by whoever asked. Without a logger the SDK prints. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})
