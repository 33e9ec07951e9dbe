import type { DurableContext } from '@aws/durable-execution-sdk-js'
import type { JobBackend } from '../jobs/backend.ts'
import type { JobKind } from '../jobs/document.ts'
import { type Steps, workflow } from '../jobs/workflow.ts'
import { withheldIn } from '../store/withheld.ts'
import { backendNameOf } from './backend.ts'
import { deviceBackendFor } from './devices.ts'
import { type Invocation, invocationOf } from './endpoint.ts'
import { glanceFor } from './glance.ts'
import { meetingHosts } from './meeting.ts'
import { jobs, table } from './records.ts'
import { secretsOf } from './stores.ts'
import { turns } from './turns.ts'

async function jobBackendFor(invocation: Invocation, input: unknown): Promise<JobBackend> {
  return {
    ...(await deviceBackendFor(invocation, input)),
    cluster: backendNameOf(input),
    at: (host) => jobBackendFor(invocation, { host }),
    jobs: jobs(),
    turns: turns(),
    withheld: withheldIn(table()),
    agentOn: meetingHosts(invocation).agentOn,
    secretsOf,
    glance: () => glanceFor(invocation),
  }
}

/** A job's workflow as a durable Lambda handler. */
export const durable = <Kind extends JobKind>(kind: Kind, page: (steps: Steps<Kind>) => Promise<void>) =>
  workflow(kind, page, (context: DurableContext['lambdaContext'], job) =>
    jobBackendFor(invocationOf(context), job.input),
  )
