import type { ImageSource, RequestOf } from '../lib/agent/tasks.ts'
import { addressChecker } from './addresses.ts'
import { fetchInto } from './fetch.ts'
import { glanceOrigin } from './glance-origin.ts'
import { httpsOrigin, type Origin } from './origin.ts'
import type { Part } from './partial.ts'
import type { Run } from './run.ts'
import { s3Origin } from './s3-origin.ts'
import { stagingOf } from './staging.ts'
import { storeOf } from './stores.ts'
import { trusted } from './trusted.ts'

const MiB = 1024 ** 2
const limits = { connectMs: 10_000, idleMs: 60_000 }

type CopyRun = Run<RequestOf<'copy-image'>>
type Fetched = Exclude<ImageSource, { kind: 'folder' }>

/**
 * Bring an image from its server into the staging folder, going on where an earlier try stood.
 *
 * @throws Refusal `interrupted` what opens it is no longer good; as `fetchInto`
 */
export const fetchImage = async (run: CopyRun, source: Fetched): Promise<void> => {
  const { context, signal, request } = run
  const staging = stagingOf(context)
  await run.update({ phase: 'fetch' })
  const keep = (part: Part, complete = false) =>
    run.update({
      fetchedBytes: part.bytes,
      staged: { bytes: part.bytes, complete, ...(part.tag !== undefined && { tag: part.tag }) },
    })
  const handle = await staging.open(request.requestId)
  try {
    const bytes = await fetchInto(handle, {
      origin: await originOf(run, source),
      signal,
      digests: { sha256: request.sha256, sha512: source.sha512 },
      sizeBytes: source.sizeBytes,
      mostBytes: mostBytes(request.volume.sizeBytes),
      leastBytesPerSecond: context.config.sources.leastBytesPerSecond,
      part: run.task().staged,
      assertSpace: staging.assertSpace,
      onProgress: (bytes) => run.fetched(bytes),
      onSynced: keep,
    })
    await staging.seal(handle)
    await keep({ bytes }, true)
  } finally {
    await handle.close()
  }
}

const originOf = async ({ context, signal, request }: CopyRun, source: Fetched): Promise<Origin> => {
  const { stores, sources } = context.config
  const way = { ca: await trusted(sources.ca), limits, signal }
  const { secrets = {} } = request
  switch (source.kind) {
    case 'https':
      return httpsOrigin(source.url, {
        ...way,
        addressesOf: addressChecker(sources.allow),
        ports: sources.ports,
      })
    case 's3':
      return s3Origin(storeOf(stores, 's3', source.store), source.key, secrets, way)
    case 'glance':
      return glanceOrigin(storeOf(stores, 'glance', source.store), source.imageId, secrets.token ?? '', way)
  }
}

/** What a format adds to the disk it holds: tables, and whole clusters where sectors would do. */
export const mostBytes = (volumeBytes: number): number => volumeBytes + Math.ceil(volumeBytes / 8) + 64 * MiB
