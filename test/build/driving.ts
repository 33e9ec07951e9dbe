import { randomUUID } from 'node:crypto'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { System } from '../../local/system.ts'
import { eventually } from '../local/harness.ts'

/** What it takes to have the functions of a system do their work. */
export const driving = (system: System, folder: string) => {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${system.url}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const answer: any = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
    return answer
  }
  return {
    system,
    folder,
    call,
    drive: (method: string, input: object) => call('POST', `/driver/${method}`, input),
    jobIs: (id: string, holds: (job: any) => boolean) =>
      eventually(async () => holds(await call('GET', `/jobs/${id}`))),
    /** Put a message into the jobs' queue. */
    send: async (MessageBody: string) => {
      const sqs = new SQSClient({ endpoint: system.endpoints.sqs })
      await sqs.send(new SendMessageCommand({ QueueUrl: system.queues.queueUrl('JobsQueue'), MessageBody }))
      sqs.destroy()
    },
  }
}
export type Driving = ReturnType<typeof driving>

export const isOver = ({ finishedAt }: any) => finishedAt !== undefined

/** To copy an image of the folder onto the volume of the same name. */
export const inputOf = (name: string) => ({
  volume: { id: name },
  image: { source: { kind: 'folder', name: `${name}.raw` }, format: 'raw' },
})

/** The message of a job of its own. */
export const aDocument = () => ({
  id: randomUUID(),
  kind: 'copy-image-to-volume',
  version: 1,
  project: 'default',
  backend: 'default',
  input: { ...inputOf('small'), host: 'host-1' },
})
