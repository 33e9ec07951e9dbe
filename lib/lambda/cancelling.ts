import type { Cancelling } from '../jobs/cancel.ts'
import { agentNamed } from './agents.ts'
import { wake } from './callbacks.ts'
import type { Invocation } from './endpoint.ts'
import { jobs, now } from './records.ts'

/** Milliseconds the agent may take to stop its child. */
const STOP_MS = 8_000

/** What it takes to cancel. What cannot be told at once, the workflow finds out at its next asking. */
export const cancelling = ({ deadline }: Invocation): Cancelling => ({
  jobs: jobs(),
  now,
  wake,

  async stopTask({ host, id }) {
    const agent = await agentNamed(host)
    await agent
      ?.cancelTask({ id }, Math.min(deadline, Date.now() + STOP_MS))
      .catch(() => 'the workflow stops it while it cleans up')
  },
})
