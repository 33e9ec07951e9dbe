import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { agentClient } from '../../../lib/agent/client.ts'
import { AttachVolume, attachVolume } from '../../../lib/driver/attach-volume.ts'
import type { DeviceBackend } from '../../../lib/driver/backend.ts'
import { createVolume } from '../../../lib/driver/create-volume.ts'
import { DetachVolume, detachVolume } from '../../../lib/driver/detach-volume.ts'
import { authority, shows, tlsFiles } from '../../agent/certificates.ts'
import { startProgram } from '../../agent/program.ts'
import { copyRequest, ended, type Host, MiB, makeHost, noise, soon, underWay } from '../../agent/support.ts'
import { startCluster } from '../../support/cluster.ts'
import { aVolume, volumeId } from '../../support/makers.ts'
import { makeNamespace } from './namespaces.ts'

export const imageBytes = 48 * MiB
/** One image per host, so that it shows who has written. */
export const images = { alpha: noise(imageBytes), beta: noise(imageBytes), gamma: noise(imageBytes) }
export type HostName = keyof typeof images
const names: readonly HostName[] = ['alpha', 'beta', 'gamma']

type Cluster = Awaited<ReturnType<typeof startCluster>>
const ca = authority()
const asData = shows(ca, ca.client(['data.cinderless']))

/** A host in a network of its own, with its agent as a program there, and its view of the cluster's devices. */
const startNode = async (cluster: Cluster, name: HostName) => {
  const clientId = names.indexOf(name) + 1
  await using stack = new AsyncDisposableStack()
  const namespace = stack.use(makeNamespace(clientId))
  const host = stack.use(await makeHost())
  await host.image('disk', images[name])
  const devices = cluster.simulator.devicesOf(clientId)
  const changes = {
    host: name,
    clientId,
    devices,
    listen: { address: namespace.address, port: 9161 },
    tls: tlsFiles(host.at('tls'), ca, ca.server([name])).files,
  }
  const start = () => startProgram(host, { wrapper: namespace.wrapper, changes })
  let program = await start()
  stack.defer(() => program.kill())
  const { url } = program
  const client = stack.adopt(agentClient({ url, host: name, credentials: asData }), (it) => it.close())
  const kept = stack.move()
  return {
    name,
    clientId,
    url,
    client,
    host: host satisfies Host,
    namespace,
    deviceOf: (globalId: string) => join(devices, 'storpool-byid', globalId),
    /** kill -9, as when the host loses its power. */
    kill: () => program.kill(),
    restart: async () => {
      program = await start()
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
export type Node = Awaited<ReturnType<typeof startNode>>

export interface Attached {
  readonly globalId: string
  readonly attachment: { readonly id: string; readonly generation: number }
}

/** A cluster with a volume, and hosts whose agents are reached through nothing but their network. */
export const startHosts = async (...wanted: readonly HostName[]) => {
  await using stack = new AsyncDisposableStack()
  const hosts = names.map((name, index) => ({ name, clientId: index + 1 }))
  const cluster = stack.use(await startCluster({ hosts }))
  const nodes = new Map<string, Node>()
  for (const name of wanted) nodes.set(name, stack.use(await startNode(cluster, name)))
  const node = (name: HostName) => nodes.get(name)!
  /** As one invocation of a function has it. */
  const within = (ms: number): DeviceBackend => ({
    ...cluster.within(ms),
    agentOn: async (host) => node(host.name as HostName).client,
  })
  await createVolume(within(10_000), { volume: aVolume() })
  const volume = { id: volumeId }
  const sizeBytes = 1024 * MiB
  const kept = stack.move()

  return {
    simulator: cluster.simulator,
    node,
    within,
    attach: async (name: HostName, change: object = {}): Promise<Attached> => {
      const input = AttachVolume.parse({ volume, connector: { host: name }, ...change })
      const { conn, device } = await attachVolume(within(20_000), input)
      const { globalId, attachmentId: id, generation } = conn.data
      if (device.path !== node(name).deviceOf(globalId)) throw new Error(`another device: ${device.path}`)
      return { globalId, attachment: { id, generation } }
    },
    detach: (name: HostName, change: object = {}) =>
      detachVolume(within(5_000), DetachVolume.parse({ volume, connector: { host: name }, ...change })),
    copyOf: (name: HostName, { globalId, attachment }: Attached, requestId: string = name) =>
      copyRequest('disk', 'raw', sizeBytes, {
        requestId,
        clientId: node(name).clientId,
        volume: { globalId, sizeBytes },
        attachment,
      }),
    attachedTo: () => cluster.simulator.attachments.map(({ client }) => client),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
export type Hosts = Awaited<ReturnType<typeof startHosts>>

/** Copy the host's own image onto the volume, and wait for the end. */
export const copied = async (at: Hosts, name: HostName, attached: Attached, requestId: string = name) => {
  const { client } = at.node(name)
  await client.copyImage(at.copyOf(name, attached, requestId), soon())
  await client.task({ id: requestId, waitSeconds: 20 }, soon())
  return ended(client, requestId)
}

/** Begin to copy, and come back while it is under way. */
export const copying = async (at: Hosts, name: HostName, attached: Attached) => {
  const { client } = at.node(name)
  await client.copyImage(at.copyOf(name, attached), soon())
  return underWay(client, 2 * MiB, name)
}

/** Whose image is on the volume, as a host sees it; a mixture is nobody's. */
export const imageOn = async (node: Node, globalId: string): Promise<HostName | 'nobody'> => {
  await using handle = await open(node.deviceOf(globalId))
  const { buffer } = await handle.read(Buffer.alloc(imageBytes), 0, imageBytes, 0)
  return names.find((name) => images[name].equals(buffer)) ?? 'nobody'
}

export const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
