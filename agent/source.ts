import type { HttpsImage, RequestOf } from '../lib/agent/tasks.ts'
import { addressChecker } from './addresses.ts'
import { fetchInto } from './fetch.ts'
import { type Image, imageOf, openFolderImage } from './folder.ts'
import type { Guard } from './guard.ts'
import type { Part } from './partial.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { copyStaged, stagingOf } from './staging.ts'
import { trusted } from './trusted.ts'

const MiB = 1024 ** 2
const limits = { connectMs: 10_000, idleMs: 60_000 }

/**
 * The image a task copies, open, as a file that the agent's children can read: the operator's own, or the agent's
 * copy of it.
 *
 * @throws Refusal
 */
export const openSource = async (run: Run<RequestOf<'copy-image'>>): Promise<Image> => {
  const { request } = run
  const { source } = request
  const { staged } = run.task()
  if (source.kind === 'folder') {
    const image = await openFolderImage(run.context.config.images, source)
    if (await isReadable(image, run.context.guard)) return image
    try {
      return await copyOf(run, image, source.name)
    } finally {
      await image[Symbol.asyncDispose]()
    }
  }
  if (!staged?.complete) await fetchImage(run)
  return imageOf(await stagingOf(run.context).openSealed(request.requestId), nameOf(source))
}

const nameOf = ({ url }: HttpsImage) => new URL(url).pathname.split('/').at(-1) || 'from the server'

/** A child opens the descriptor it was given once more, with its own rights. */
const isReadable = async ({ handle }: Image, { user }: Guard): Promise<boolean> => {
  if (user === undefined) return true
  const { mode, uid, gid } = await handle.stat()
  if (uid === user.uid) return (mode & 0o400) !== 0
  return (mode & (gid === user.gid ? 0o040 : 0o004)) !== 0
}

/** The same image for all that is asked of it, but read from a copy that the agent's children may read. */
const copyOf = async (run: Run<RequestOf<'copy-image'>>, original: Image, name: string): Promise<Image> => {
  const staging = stagingOf(run.context)
  const { requestId: id, volume } = run.request
  const { size, blocks } = await original.handle.stat()
  const most = mostBytes(volume.sizeBytes)
  if (size > most) {
    throw new Refusal('image_too_large', `The image ${name} has ${size} bytes; ${most} are taken`)
  }
  await staging.remove(id)
  const handle = await staging.open(id)
  try {
    await staging.assertSpace(512 * blocks)
    await copyStaged(original.handle, handle, run.signal)
    await original.assertUnchanged()
    await staging.seal(handle)
  } finally {
    await handle.close()
  }
  const copy = await imageOf(await staging.openSealed(id), name)
  return { ...copy, identity: original.identity }
}

const fetchImage = async (run: Run<RequestOf<'copy-image'>>): Promise<void> => {
  const { context, signal, request, withheld } = run
  const { source } = request
  const { staged } = run.task()
  if (withheld) {
    throw new Refusal(
      'interrupted',
      'The address of the image was not kept over a restart: ask again to go on',
    )
  }
  if (source.kind !== 'https') throw new Error('only images on servers are fetched')
  const { allow, ports, ca, leastBytesPerSecond } = context.config.sources
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
      url: source.url,
      reach: {
        addressesOf: addressChecker(allow),
        ports,
        ca: await trusted(ca),
        limits,
        signal,
      },
      digests: { sha256: request.sha256, sha512: source.sha512 },
      sizeBytes: source.sizeBytes,
      mostBytes: mostBytes(request.volume.sizeBytes),
      leastBytesPerSecond,
      part: staged,
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

/** What a format adds to the disk it holds: tables, and whole clusters where sectors would do. */
const mostBytes = (volumeBytes: number) => volumeBytes + Math.ceil(volumeBytes / 8) + 64 * MiB
