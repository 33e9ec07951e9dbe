import type { Secrets } from '../lib/agent/tasks.ts'
import type { Pieces } from './exchange.ts'
import { S3Fault } from './s3-faults.ts'
import { s3Requests } from './s3-request.ts'
import { elementsIn, inXml, textIn } from './s3-xml.ts'
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
  readonly crc32: string
  readonly body: Pieces
}

/** Metadata of an object: whose it is. */
const owner = 'x-amz-meta-cinderless-task'

/**
 * The calls of S3 that an upload needs, each made once. (Amazon's own client would be a third of the agent, and cost it
 * thirty megabytes of memory for these eight calls.)
 *
 * @throws S3Fault
 */
export const connectS3 = (store: S3Store, secrets: Secrets, ca: string[] | undefined) => {
  const { ask, close } = s3Requests(store, secrets, ca)
  const object = (key: string) => `${store.prefix}${key}`

  return {
    close,
    /** What is there under a key, and by which task it was put there. */
    head: async (key: string, signal?: AbortSignal) => {
      const { headers } = await ask('HEAD', object(key), {}, { signal }).catch(absent)
      if (headers === undefined) return undefined
      const task = headers[owner]?.toString()
      return { bytes: Number(headers['content-length']), etag: headers.etag, task }
    },
    /** @returns the upload's id */
    begin: async (key: string, task: string, signal: AbortSignal): Promise<string> => {
      const headers = { [owner]: task, 'x-amz-checksum-algorithm': 'CRC32' }
      const { text } = await ask('POST', object(key), { uploads: '' }, { headers, signal })
      return needed(textIn(text, 'UploadId'), 'an upload id')
    },
    /** The parts that have come, by number; undefined where there is no such upload any more. */
    parts: async (key: string, uploadId: string, signal?: AbortSignal) => {
      const kept = new Map<number, Kept>()
      for (let marker: string | undefined; ; ) {
        const query = { uploadId, ...(marker !== undefined && { 'part-number-marker': marker }) }
        const { text } = await ask('GET', object(key), query, { signal }).catch(absent)
        if (text === undefined) return undefined
        for (const part of elementsIn(text, 'Part'))
          kept.set(Number(textIn(part, 'PartNumber')), keptIn(part))
        marker = textIn(text, 'IsTruncated') === 'true' ? textIn(text, 'NextPartNumberMarker') : undefined
        if (marker === undefined) return kept
      }
    },
    put: async (key: string, uploadId: string, part: Part, signal: AbortSignal): Promise<Kept> => {
      const { number, crc32, body } = part
      const query = { partNumber: String(number), uploadId }
      const { headers } = await ask('PUT', object(key), query, {
        headers: { 'x-amz-checksum-crc32': crc32 },
        body,
        signal,
      })
      return {
        bytes: body.bytes,
        etag: needed(headers.etag, 'an ETag'),
        crc32: headers['x-amz-checksum-crc32']?.toString(),
      }
    },
    /**
     * Make one object of all parts.
     *
     * @param alone whether the server is asked not to write over an object that has come there meanwhile
     * @returns its ETag
     */
    complete: async (
      key: string,
      uploadId: string,
      parts: readonly Kept[],
      { alone, signal }: { readonly alone: boolean; readonly signal: AbortSignal },
    ): Promise<string> => {
      const list = parts.map(({ etag, crc32 }, at) => {
        const sum = crc32 === undefined ? '' : `<ChecksumCRC32>${inXml(crc32)}</ChecksumCRC32>`
        return `<Part><PartNumber>${at + 1}</PartNumber><ETag>${inXml(etag)}</ETag>${sum}</Part>`
      })
      const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join('')}</CompleteMultipartUpload>`
      const headers = { 'content-type': 'application/xml', ...(alone && { 'if-none-match': '*' }) }
      const { text } = await ask('POST', object(key), { uploadId }, { headers, body, signal })
      return needed(textIn(text, 'ETag'), 'an ETag')
    },
    /** Throw all parts away. That there is no such upload is as good. */
    abort: async (key: string, uploadId: string): Promise<void> => {
      await ask('DELETE', object(key), { uploadId }).catch(absent)
    },
    remove: async (key: string): Promise<void> => {
      await ask('DELETE', object(key), {}).catch(absent)
    },
    /** The uploads to a key that were begun since. */
    begunSince: async (key: string, since: Date): Promise<string[]> => {
      const { text } = await ask('GET', '', { uploads: '', prefix: object(key) })
      return elementsIn(text, 'Upload')
        .filter(
          (one) => textIn(one, 'Key') === object(key) && new Date(textIn(one, 'Initiated') ?? 0) >= since,
        )
        .flatMap((one) => textIn(one, 'UploadId') ?? [])
    },
  }
}
export type S3 = ReturnType<typeof connectS3>

const keptIn = (part: string): Kept => ({
  bytes: Number(textIn(part, 'Size')),
  etag: textIn(part, 'ETag') ?? '',
  crc32: textIn(part, 'ChecksumCRC32'),
})

/** That it is not there is an answer. */
const absent = (error: unknown): { readonly headers?: undefined; readonly text?: undefined } => {
  if (error instanceof S3Fault && error.kind === 'absent') return {}
  throw error
}

const needed = (value: string | undefined, what: string): string => {
  if (value !== undefined && value !== '') return value
  throw new S3Fault('passing', `answered without ${what}`)
}
