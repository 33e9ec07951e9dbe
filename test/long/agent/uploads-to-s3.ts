import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { UploadVolume } from '../../../lib/agent/tasks.ts'
import { keys, type S3Options, startS3 } from '../../agent/s3-server.ts'
import { type Host, MiB, makeHost, noise } from '../../agent/support.ts'
import { uploadRequest } from '../../agent/uploads.ts'

/** Two parts: a whole one and a rest. */
export const bytes = 17 * MiB
export const content = noise(bytes)
// Not what a byte is changed to.
content[0] = 1
content[16 * MiB] = 1
export const digest = (algorithm: string, of: Buffer = content) =>
  createHash(algorithm).update(of).digest('hex')

export const request = (changes: Partial<UploadVolume> = {}) =>
  uploadRequest(bytes, {
    destination: { kind: 's3', store: 'images', key: 'nightly/disk' },
    format: 'raw',
    compression: 'none',
    secrets: keys,
    ...changes,
  })
export const key = 'of/alpha/nightly/disk'

export const staged = (host: Host) => {
  try {
    return readdirSync(host.at('state/staging'))
  } catch {
    return []
  }
}

/** A host with a volume, and a server. */
export const begun = async (options: S3Options = {}) => {
  const host = await makeHost()
  const volume = await host.attach(bytes)
  await writeFile(volume, content)
  const server = await startS3(options)
  return {
    host,
    volume,
    server,
    settings: { stores: { images: server.store } },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}
