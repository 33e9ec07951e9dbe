import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { faultOf } from '../support/signature.ts'
import { pair } from './image-server.ts'

export const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'hidden-word' }
const bucket = 'images'
/** Of parts in one answer: small, so that there are more answers than one. */
const pageSize = 1

type Call = 'head' | 'begin' | 'put' | 'parts' | 'complete' | 'abort' | 'uploads' | 'delete'
/** Do it or not, and answer or not: an error, or break off before or after. */
type Fault = { readonly status: number; readonly code: string } | 'cut' | 'lose'

export interface S3Options {
  /** Knows checksums in headers; without them it has only the ETags. */
  readonly checksums?: boolean
  /** Knows `If-None-Match`. */
  readonly conditional?: boolean
  /** Asked before each call; what it waits for is waited for. */
  readonly before?: (call: Call, nth: number) => Promise<Fault | undefined> | Fault | undefined
  /** With the certificate that `image-server.ts` gives out. */
  readonly tls?: boolean
  /** What is kept of a part that came. */
  readonly kept?: (part: Buffer, nth: number) => Buffer
  /** Milliseconds between pieces of a part. */
  readonly paceMs?: number
}

interface Kept {
  readonly content: Buffer
  readonly sum: string | undefined
}
interface Upload {
  readonly key: string
  readonly metadata: Record<string, string>
  readonly initiated: Date
  readonly parts: Map<number, Kept>
}

/**
 * The calls of S3 that an upload in parts needs, on loopback, as strict as the real one: signatures, checksums, sizes
 * of parts, and a final list that must be what has come.
 */
export const startS3 = async (options: S3Options = {}) => {
  const { checksums = true, conditional = true, before, tls = false, paceMs = 0 } = options
  const { kept: keep = (part) => part } = options
  const objects = new Map<string, { content: Buffer; etag: string; metadata: Record<string, string> }>()
  const uploads = new Map<string, Upload>()
  const counts = new Map<Call, number>()

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://s3')
    const [, inBucket, ...rest] = decodeURIComponent(url.pathname).split('/')
    const key = rest.join('/')
    const query = url.searchParams
    const fail = (status: number, code: string) =>
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code></Error>`)
    const xml = (root: string, content: string, headers = {}) =>
      response
        .writeHead(200, { 'content-type': 'application/xml', ...headers })
        .end(`<${root}>${content}</${root}>`)
    const call = callOf(request.method ?? '', query)
    const body = await bodyOf(request, paceMs)
    const unsigned = faultOf(request, keys)
    if (unsigned !== undefined) return fail(403, unsigned)
    if (inBucket !== bucket) return fail(404, 'NoSuchBucket')
    const nth = (counts.get(call) ?? 0) + 1
    counts.set(call, nth)
    const fault = await before?.(call, nth)
    if (fault === 'cut') return void response.destroy()
    if (fault === 'lose') response.end = () => response.destroy()
    else if (fault !== undefined) return fail(fault.status, fault.code)

    const id = query.get('uploadId') ?? ''
    const upload = uploads.get(id)
    if (call === 'uploads') {
      const found = [...uploads].filter(([, { key: one }]) => one.startsWith(query.get('prefix') ?? ''))
      return xml(
        'ListMultipartUploadsResult',
        found
          .map(
            ([one, { key: of, initiated }]) =>
              `<Upload><Key>${of}</Key><UploadId>${one}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
          )
          .join(''),
      )
    }
    if (call === 'head') {
      const there = objects.get(key)
      if (there === undefined) return fail(404, 'NotFound')
      return response
        .writeHead(200, { 'content-length': there.content.length, etag: there.etag, ...there.metadata })
        .end()
    }
    if (call === 'delete') {
      objects.delete(key)
      return response.writeHead(204).end()
    }
    if (call === 'begin') {
      const newId = `upload-${nth}`
      const metadata = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-')),
      ) as Record<string, string>
      uploads.set(newId, { key, metadata, initiated: new Date(), parts: new Map() })
      return xml('InitiateMultipartUploadResult', `<UploadId>${newId}</UploadId>`)
    }
    if (upload === undefined || upload.key !== key) return fail(404, 'NoSuchUpload')
    if (call === 'put') {
      const said = request.headers['x-amz-checksum-crc32']?.toString()
      const sum = checksums ? sumOf(body) : undefined
      if (checksums && said !== undefined && said !== sum) return fail(400, 'BadDigest')
      const content = keep(body, nth)
      upload.parts.set(Number(query.get('partNumber')), { content, sum })
      return response
        .writeHead(200, { etag: etagOf(content), ...(sum !== undefined && { 'x-amz-checksum-crc32': sum }) })
        .end()
    }
    if (call === 'abort') {
      uploads.delete(id)
      return response.writeHead(204).end()
    }
    const sorted = [...upload.parts].sort(([a], [b]) => a - b)
    if (call === 'parts') {
      const page = sorted.filter(([number]) => number > Number(query.get('part-number-marker') ?? 0))
      const shown = page.slice(0, pageSize)
      const more = page.length > shown.length
      return xml(
        'ListPartsResult',
        `<IsTruncated>${more}</IsTruncated>${more ? `<NextPartNumberMarker>${shown.at(-1)?.[0]}</NextPartNumberMarker>` : ''}${shown.map(([number, { content, sum }]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(content)}</ETag><Size>${content.length}</Size>${sum === undefined ? '' : `<ChecksumCRC32>${sum}</ChecksumCRC32>`}</Part>`).join('')}`,
      )
    }
    const alone = request.headers['if-none-match'] !== undefined
    if (alone && !conditional) return fail(501, 'NotImplemented')
    if (alone && objects.has(key)) return fail(412, 'PreconditionFailed')
    const listed = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
      sum: /<ChecksumCRC32>(.*?)</.exec(part)?.[1],
    }))
    const isWhole = listed.every(({ number, etag, sum }, at) => {
      const kept = upload.parts.get(number)
      const isLarge = at === listed.length - 1 || (kept?.content.length ?? 0) >= 5 * 1024 ** 2
      return (
        number === at + 1 &&
        kept !== undefined &&
        isLarge &&
        etag === etagOf(kept.content) &&
        sum === kept.sum
      )
    })
    if (listed.length === 0 || !isWhole) return fail(400, 'InvalidPart')
    const contents = listed.map(({ number }) => upload.parts.get(number)!.content)
    const md5s = createHash('md5')
    for (const content of contents) md5s.update(createHash('md5').update(content).digest())
    const etag = `"${md5s.digest('hex')}-${contents.length}"`
    objects.set(key, { content: Buffer.concat(contents), etag, metadata: upload.metadata })
    uploads.delete(id)
    return xml('CompleteMultipartUploadResult', `<ETag>${etag.replaceAll('"', '&quot;')}</ETag>`)
  }

  const take = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  }
  const server = tls ? createTlsServer(pair, take) : createServer(take)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    objects,
    uploads,
    /** How often something was asked for. */
    count: (call: Call) => counts.get(call) ?? 0,
    store: { kind: 's3', endpoint: `http${tls ? 's' : ''}://127.0.0.1:${port}`, bucket, prefix: 'of/alpha/' },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const callOf = (method: string, query: URLSearchParams): Call => {
  if (method === 'HEAD') return 'head'
  if (method === 'PUT') return 'put'
  if (method === 'POST') return query.has('uploads') ? 'begin' : 'complete'
  if (method === 'DELETE') return query.has('uploadId') ? 'abort' : 'delete'
  return query.has('uploads') ? 'uploads' : 'parts'
}

const bodyOf = async (request: IncomingMessage, paceMs: number): Promise<Buffer> => {
  const pieces: Buffer[] = []
  for await (const piece of request) {
    pieces.push(piece as Buffer)
    if (paceMs > 0) await sleep(paceMs)
  }
  return Buffer.concat(pieces)
}

const etagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`

const sumOf = (content: Buffer) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(content))
  return bytes.toString('base64')
}
