import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { nameOf, snapshotNameOf } from '../support/makers.ts'
import type { System } from './cluster-jobs.ts'

/** A volume of 1 GiB that begins with bytes of no pattern. @returns them */
export const filled = async (
  system: System,
  id: string,
  { again = false, size = 1 }: { again?: boolean; size?: number } = {},
): Promise<Buffer> => {
  if (!again) await system.invoke('create_volume', { volume: { id, size } })
  const bytes = randomBytes(2 * 1024 ** 2)
  await onDevice(system, id, async (path) => {
    await using device = await open(path, 'r+')
    await device.write(bytes)
  })
  return bytes
}

/** Attach it to host-2 for as long as it takes. */
const onDevice = async (system: System, id: string, work: (path: string) => Promise<void>) => {
  const connector = { host: 'host-2' }
  const { data } = (await system.invoke('initialize_connection', { volume: { id }, connector })) as {
    data: { globalId: string }
  }
  try {
    await work(join(system.cluster.simulator.devicesOf(2), 'storpool-byid', data.globalId))
  } finally {
    await system.invoke('terminate_connection', { volume: { id }, connector })
  }
}

export const bytesOf = async (path: string, length: number): Promise<Buffer> => {
  await using file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer
}

/** What a volume begins with. */
export const bytesOn = async (system: System, id: string, length: number): Promise<Buffer> => {
  let bytes: Buffer = Buffer.alloc(0)
  await onDevice(system, id, async (path) => {
    bytes = await bytesOf(path, length)
  })
  return bytes
}

/** These volumes and snapshots are there and no others, and nothing is attached to anybody. */
export const nothingLeft = async (system: System, volumes: string[], snapshots: string[] = []) => {
  const { simulator } = system.cluster
  expect(simulator.attachments).toEqual([])
  expect([...simulator.volumes.keys()].toSorted()).toEqual(volumes.map(nameOf).toSorted())
  await vi.waitFor(() =>
    expect([...simulator.snapshots.keys()].toSorted()).toEqual(snapshots.map(snapshotNameOf).toSorted()),
  )
}
