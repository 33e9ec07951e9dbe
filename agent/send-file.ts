import type { FileHandle } from 'node:fs/promises'
import { assertSame, openVolume, type Uploading } from './outgoing.ts'
import { type Place, packedFile } from './pack-volume.ts'
import { Refusal } from './refusal.ts'
import { stagingOf } from './staging.ts'

/** What is sent to a server: the volume itself where that is raw, else a file made of it and kept in the staging folder. */
export interface Outgoing extends AsyncDisposable {
  readonly handle: FileHandle
  readonly bytes: number
  /** @throws Refusal what is read is no longer what it was */
  assertSame(): Promise<void>
  /** Say how much of it was sent. */
  sent(bytes: number): void
}

/** @throws Refusal as {@link packedFile} */
export const openOutgoing = async (run: Uploading): Promise<Outgoing> => {
  if (run.request.format === 'raw') {
    const device = await openVolume(run, false)
    return {
      handle: device.handle,
      bytes: device.sizeBytes,
      assertSame: () => assertSame(run, device),
      sent: (bytes) => run.uploaded(bytes, bytes),
      [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
    }
  }
  const handle = await packedFile(run, staged(run))
  const { size } = await handle.stat()
  return {
    handle,
    bytes: size,
    assertSame: async () => {},
    sent: (bytes) => run.uploaded(bytes),
    [Symbol.asyncDispose]: () => handle.close(),
  }
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

/** @throws Refusal `interrupted` what opens the store was lost with the agent that was asked */
export const assertSecrets = ({ withheld }: Uploading): void => {
  if (!withheld) return
  throw new Refusal('interrupted', 'What opens the store was not kept over a restart: ask again to go on')
}
