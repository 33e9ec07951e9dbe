import type { ImageSource, RequestOf } from '../lib/agent/tasks.ts'
import { fetchImage, mostBytes } from './fetch-image.ts'
import { type Image, imageOf, openFolderImage } from './folder.ts'
import type { Guard } from './guard.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { copyStaged, stagingOf } from './staging.ts'

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
  if (!staged?.complete) await fetchImage(run, source)
  return imageOf(await stagingOf(run.context).openSealed(request.requestId), nameOf(source))
}

/** What errors call it. */
const nameOf = (source: Exclude<ImageSource, { kind: 'folder' }>): string => {
  if (source.kind === 'glance') return source.imageId
  const path = source.kind === 's3' ? source.key : new URL(source.url).pathname
  return path.split('/').at(-1) || 'from the server'
}

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
