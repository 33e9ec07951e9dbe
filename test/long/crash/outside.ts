import { join } from 'node:path'
import { startSimulator } from '../../../simulator/server.ts'
import { type GlanceServer, startGlance } from '../../support/glance.ts'
import { keys, region, type S3, startS3 } from '../../support/s3.ts'
import { uploadsOf } from '../../support/uploads.ts'
import type { Place, State } from './place.ts'

/** Where functions and agents find a server that is at this address. */
export type Through = (name: 'glance' | 's3', url: string) => string

/** What is no part of the system, and is never killed: a bucket, Glance, and a cluster of another location. */
export interface Outside {
  readonly s3: S3
  readonly glance: GlanceServer
  /** Stores of the agent's, and what opens them. */
  readonly stores: object
  readonly secrets: object
  readonly environment: Readonly<Record<string, string>>
  /** The number of a host on each named cluster. */
  readonly clients: object
  state(): State
  simulate(call: string, body: object): Promise<void>
  close(): Promise<void>
}

export const bucket = 'images'
const host1 = 7

/** @param devicesOf where a host has its devices, which is a client of both clusters. */
export const startOutside = async (
  folder: string,
  devicesOf: Place['devicesOf'],
  through: Through = (_, url) => url,
): Promise<Outside> => {
  const s3 = await startS3({ folder: join(folder, 's3'), buckets: [bucket] })
  const glance = await startGlance()
  const east = await startSimulator({
    data: join(folder, 'east'),
    location: 'east',
    devicesOf: (client) => devicesOf(client === host1 ? 1 : client),
  })
  const backends = {
    east: { SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: east.port, SP_AUTH_TOKEN: east.token },
  }
  const glanceAt = through('glance', glance.url)
  return {
    s3,
    glance,
    stores: {
      glance: { kind: 'glance', endpoint: glanceAt },
      bucket: { kind: 's3', endpoint: through('s3', s3.url), region, bucket },
    },
    secrets: { bucket: keys },
    environment: { ...glance.environmentAt(glanceAt), BACKENDS: JSON.stringify(backends) },
    clients: { east: host1 },
    state: () => {
      const { volumes, snapshots, attachments } = JSON.parse(JSON.stringify(east.state()))
      // Of the same disk no two files need have the same length.
      const images = [...glance.images.values()].map(({ image: { size: sizeBytes, ...image } }) => ({
        ...{ ...image, name: image.id, sizeBytes },
      }))
      const objects = s3.store.listObjects(bucket).objects.map(({ key }) => ({ name: key }))
      const uploads = uploadsOf(s3.store).map(({ key }) => ({ name: key, upload: true }))
      return { volumes, snapshots, attachments, kept: [...images, ...objects, ...uploads] }
    },
    simulate: async (call, body) => {
      if (call === 'knobs') east.setKnobs(body)
      if (call === 'reset') east.reset()
    },
    close: async () => {
      await east.close()
      await glance[Symbol.asyncDispose]()
      await s3[Symbol.asyncDispose]()
    },
  }
}
