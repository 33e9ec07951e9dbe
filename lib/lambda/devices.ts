import type * as z from 'zod'
import type { AgentClient } from '../agent/client.ts'
import { isAgentError } from '../agent/errors.ts'
import type { DeviceAgent, DeviceBackend } from '../driver/backend.ts'
import { onCluster } from '../hosts/on-cluster.ts'
import { backendNameOf } from './backend.ts'
import { endpoint, type Invocation } from './endpoint.ts'
import { inputOf } from './event.ts'
import { meetingHosts } from './meeting.ts'
import { attachingBackendFor } from './records.ts'

/** The agent on a host; a device that is not there, or that a later attachment has, is released. */
const deviceAgent = (agent: AgentClient): DeviceAgent => ({
  announce: agent.announce,
  attachWait: agent.attachWait,
  release: async (input, deadline) => {
    try {
      await agent.release(input, deadline)
    } catch (error) {
      if (!isAgentError(error, 'not_attached', 'stale_generation')) throw error
    }
  },
})

/** An attaching backend with the agents on hosts. */
export const deviceBackendFor = async (invocation: Invocation, input: unknown): Promise<DeviceBackend> => {
  const { hosts, agentOn } = meetingHosts(invocation)
  return {
    ...(await attachingBackendFor(invocation, input)),
    hosts: onCluster(hosts, backendNameOf(input)),
    agentOn: async (host) => deviceAgent(await agentOn(host)),
    within: (ms) => Math.min(invocation.deadline, Date.now() + ms),
  }
}

/** {@link operation} for what sees to the device on the host as well. */
export const deviceOperation = <Schema extends z.ZodType>(
  Input: Schema,
  run: (backend: DeviceBackend, input: z.output<Schema>) => Promise<unknown>,
) =>
  endpoint(async (event, invocation) => {
    const input = Input.parse(inputOf(event))
    return run(await deviceBackendFor(invocation, input), input)
  })
