import { expect, test } from 'vitest'
import { AttachVolume, attachVolume } from '../../lib/driver/attach-volume.ts'
import type { DeviceAgent, DeviceBackend, Host } from '../../lib/driver/backend.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, volumeId } from '../support/makers.ts'

const asked = AttachVolume.parse({ volume: { id: volumeId }, connector: { host: 'host-1' } })

/** A cluster whose agent lets us look when it is told of an attachment. */
const withVolume = async (told: () => void) => {
  const cluster = await startCluster({ agent: true })
  const { provider_location: globalId } = await createVolume(cluster.backend, { volume: aVolume() })
  const agentOn = async (host: Host): Promise<DeviceAgent> => {
    const agent = await cluster.backend.agentOn(host)
    const announce: DeviceAgent['announce'] = (input, deadline) => {
      told()
      return agent.announce(input, deadline)
    }
    return { announce, attachWait: agent.attachWait, release: agent.release }
  }
  const backend: DeviceBackend = { ...cluster.backend, agentOn }
  return Object.assign(cluster, { globalId, observed: backend })
}

test('the agent knows of an attachment before its device can appear: what it had under an earlier one finds none', async () => {
  const seen: number[] = []
  await using cluster = await withVolume(() => seen.push(cluster.simulator.attachments.length))

  await attachVolume(cluster.observed, asked)

  expect(seen).toEqual([0])
  expect(cluster.simulator.attachments).toHaveLength(1)
})

test('where the agent cannot be told, nothing is attached, and the book is as before', async () => {
  await using cluster = await withVolume(() => {
    throw new Error('no answer')
  })

  await expect(attachVolume(cluster.observed, asked)).rejects.toThrow('no answer')

  expect(cluster.simulator.attachments).toEqual([])
  expect((await cluster.backend.attachments.read(cluster.globalId)).attachments).toEqual({})
})
