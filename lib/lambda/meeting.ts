import type { AgentClient } from '../agent/client.ts'
import { config } from '../config.ts'
import type { Host, Hosts, NamedHost } from '../driver/backend.ts'
import type { Asking } from '../hosts/ask.ts'
import { type Meeting, meet } from '../hosts/meet.ts'
import { kept } from '../kept.ts'
import { logger } from '../log.ts'
import { agentOn } from './agents.ts'
import { hostsOf } from './backend.ts'
import type { Invocation } from './endpoint.ts'
import { readAgain, recordedHosts } from './recorded-hosts.ts'
import { hostsHeard, now } from './records.ts'

/** Milliseconds an agent may take to say who it is. */
const ANSWER_MS = 5_000

/** Milliseconds for which a process goes by what an agent said of itself. */
const MET_MS = 300_000

const met = kept<Host>(MET_MS)

const meeting = ({ deadline }: Invocation): Meeting => ({
  records: hostsHeard(),
  health: (host) => agentOn(host).health(Math.min(deadline, Date.now() + ANSWER_MS)),
  now,
})

/** For this invocation: hosts by what agents say of themselves, and agents that have said that they are their host's. */
export const meetingHosts = (
  invocation: Invocation,
): { readonly hosts: Hosts; readonly agentOn: (host: Host) => Promise<AgentClient> } => {
  const configured = hostsOf(config())
  const ask = (host: NamedHost) =>
    met.get(host.name, () => meet(meeting(invocation), host).finally(() => readAgain(host.name)))
  const askAgain = (host: NamedHost) => {
    met.forget(host.name)
    return ask(host)
  }
  return {
    hosts: recordedHosts(configured, hostsHeard(), askAgain),
    agentOn: async (host) => {
      const agent = agentOn(host)
      // As the configuration has it: what was learned is compared with anyway, and told apart.
      await ask((await configured.get(host.name)) ?? host)
      return agent
    },
  }
}

/** Every configured host, to be asked now. */
export const asking = async (invocation: Invocation): Promise<Asking> => ({
  ...meeting(invocation),
  hosts: await hostsOf(config()).all(),
  failed: (host, reason) => logger().error('a host was not heard as it should be', { host, reason }),
})
