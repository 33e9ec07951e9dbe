import type { FileHandle } from 'node:fs/promises'
import { assertSame, type Uploading } from './outgoing.ts'
import { type Place, packedFile } from './pack-volume.ts'
import { stagingOf } from './staging.ts'
import { readingAlone } from './use-device.ts'

/** What is sent to a server. */
export interface Outgoing {
  readonly handle: FileHandle
  readonly bytes: number
  /** @throws Refusal what is read is no longer what it was */
  assertSame(): Promise<void>
  /** Say how much of it was sent. */
  sent(bytes: number): void
}

/**
 * Have the volume itself sent where that is to be raw, else a file that is made of it and kept in the staging folder.
 *
 * @throws Refusal as {@link packedFile}
 */
export const sending = async (
  run: Uploading,
  send: (run: Uploading, file: Outgoing) => Promise<void>,
): Promise<void> => {
  if (run.request.format === 'raw') return sendVolume(run, send)
  const handle = await packedFile(run, staged(run))
  try {
    const { size: bytes } = await handle.stat()
    await run.update({ phase: 'upload', fileBytes: bytes })
    await send(run, { handle, bytes, assertSame: async () => {}, sent: (sent) => run.uploaded(sent) })
  } finally {
    await handle.close()
  }
}

const sendVolume: typeof sending = async (run, send) => {
  const { volume } = run.request
  await run.update({ phase: 'wait', totalBytes: volume.sizeBytes })
  await readingAlone(run, volume, async (now, device) => {
    const { handle, sizeBytes: bytes } = device
    await now.update({ phase: 'upload', fileBytes: bytes })
    await send(now, {
      handle,
      bytes,
      assertSame: () => assertSame(now, device),
      sent: (sent) => now.uploaded(sent, sent),
    })
  })
}

const staged = ({ context, request }: Uploading): Place => {
  const staging = stagingOf(context)
  const id = request.requestId
  return {
    open: async () => {
      await staging.remove(id)
      return staging.open(id)
    },
    reopen: () => staging.openSealed(id),
    // Its readers are the agent alone: what made it is done.
    seal: (handle) => handle.chmod(0o400),
    assertSpace: (bytes) => staging.assertSpace(bytes),
  }
}
