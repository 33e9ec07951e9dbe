import type { FileHandle } from 'node:fs/promises'
import type { TaskResult } from '../lib/agent/tasks.ts'
import { digestsOf, type Uploading } from './outgoing.ts'
import { packedFile } from './pack-volume.ts'
import { type Shelf, shelfOf } from './shelf.ts'
import { toGlance } from './upload-glance.ts'
import { toS3 } from './upload-s3.ts'

/**
 * Make an image file of a volume and bring it to where it is to be. Begun again after a crash, a file that is whole is
 * brought on, and one that is not is made anew. What is read must not change meanwhile, such as a snapshot.
 *
 * @throws Refusal
 */
export const uploadVolume = async (run: Uploading): Promise<TaskResult> => {
  await bring(run)
  const { fileBytes, digests } = run.task()
  return {
    partlyWritten: false,
    format: run.request.format,
    virtualSizeBytes: run.request.volume.sizeBytes,
    ...(fileBytes !== undefined && { sizeBytes: fileBytes }),
    ...digests,
  }
}

const bring = async (run: Uploading): Promise<void> => {
  const { destination } = run.request
  switch (destination.kind) {
    case 'folder':
      return toShelf(run, shelfOf(run.context.config, run.request, destination))
    case 's3':
      return toS3(run, destination)
    case 'glance':
      return toGlance(run, destination)
  }
}

const toShelf = async (run: Uploading, shelf: Shelf): Promise<void> => {
  const { made, digests } = run.task()
  const isThere = await shelf.isPlaced(made)
  if (!isThere || digests === undefined) {
    const digest = async (file: FileHandle) => ({ digests: await digestsOf(run, file) })
    const file = await packedFile(run, shelf, digest)
    try {
      if (run.task().digests === undefined) await run.update(await digest(file))
    } finally {
      await file.close()
    }
  }
  await shelf.place(run.task().made)
}
