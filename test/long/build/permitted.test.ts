import { randomUUID } from 'node:crypto'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JobDocument } from '../../../lib/jobs/document.ts'
import { takeIn } from '../../../lib/jobs/submit.ts'
import { jobRecords } from '../../../lib/store/jobs.ts'
import { openTable } from '../../../lib/store/table.ts'
import { ticketsIn } from '../../../lib/store/tickets.ts'
import { driveStorage } from '../../build/drive-storage.ts'
import { type Package, packageService } from '../../build/packaged.ts'
import { type Asked, startRecorded } from '../../build/recorded.ts'
import { allows, functionOf, type Permission, permissionsOf, roleOf } from '../../build/roles.ts'
import { operations } from '../../conformance/operations.ts'
import { eventually } from '../../local/harness.ts'
import { aFolder } from '../../support/system.ts'

let folder: Awaited<ReturnType<typeof aFolder>>
let recorded: Awaited<ReturnType<typeof startRecorded>>
let packaged: Package

beforeAll(async () => {
  folder = await aFolder()
  const inSubnets = { SUBNET_IDS: 'subnet-1', SECURITY_GROUP_IDS: 'sg-1' }
  ;[packaged, recorded] = await Promise.all([packageService({ env: inSubnets }), startRecorded(folder.path)])
  await driveOperations()
  await driveJobs()
  await Promise.all([driveSigned(), driveDeadLetters()])
  await driveLine()
  await driveStores()
  await driveStorage(recorded.system)
  await loseMessage()
  await loseExecution()
  for (const name of ['publish-volume-stats', 'sweep-jobs', 'ask-hosts'])
    await recorded.system.scheduler.runNow(name)
  await Promise.all([
    call('GET', '/stats'),
    call('GET', '/health'),
    call('GET', '/hosts'),
    drive('get_volume_stats', {}),
  ])
}, 480_000)

afterAll(async () => {
  await recorded?.[Symbol.asyncDispose]()
  await packaged?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

const call = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${recorded.system.url}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const answer: any = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}
const drive = (method: string, input: object) => call('POST', `/driver/${method}`, input)

/** Every operation with ids of its own, as in the conformance tests. */
const driveOperations = async () => {
  for (const [n, { given, call: last }] of Object.values(operations).entries()) {
    for (const [method, input] of [...given, last]) {
      const own = JSON.stringify(input).replaceAll(/-([0-9a-f]{4})-/g, `-${n}x$1-`)
      await drive(method, JSON.parse(own))
    }
  }
}

const jobIs = (id: string, holds: (job: any) => boolean) =>
  eventually(async () => holds(await call('GET', `/jobs/${id}`)))

/** A job that is done, one that is cancelled while its bytes move, both asked for and cancelled again, and lists. */
const driveJobs = async () => {
  // The large one is all holes, and takes long enough to be cancelled in the middle.
  for (const [id, size, bytes] of [['small', 1, 2 ** 20] as const, ['large', 64, 2 ** 36] as const]) {
    const image = join(folder.path, 'images', `${id}.raw`)
    await writeFile(image, '')
    await truncate(image, bytes)
    await drive('create_volume', { volume: { id, size } })
  }
  const small = { ...inputOf('small'), idempotencyKey: 'small' }
  const { jobId } = await drive('copy_image_to_volume', small)
  await jobIs(jobId, ({ status }) => status === 'succeeded')
  await drive('copy_image_to_volume', small)
  await call('POST', `/jobs/${jobId}/cancel`)

  const large = { kind: 'copy-image-to-volume', input: inputOf('large'), idempotencyKey: 'large' }
  const { id } = await call('POST', '/jobs', large)
  await jobIs(id, ({ step }) => step === 'copy')
  await call('POST', '/jobs', large)
  await Promise.all([call('GET', '/jobs'), call('GET', `/jobs?status=running&marker=${jobId}`)])
  await call('POST', `/jobs/${id}/cancel`)
  await jobIs(id, ({ status }) => status === 'cancelled')

  const source = { id: 'small' }
  const failing = { kind: 'copy-image-to-volume', input: { ...inputOf('small'), volume: { id: 'none' } } }
  const { id: failed } = await call('POST', '/jobs', failing)
  await jobIs(failed, ({ status }) => status === 'failed')
  const none = { volume: { id: 'none' } }
  const clone = { volume: { id: 'clone', size: 1 }, src_vref: source }
  await driveJob('clone-volume', clone, { src_vref: none.volume })
  await drive('create_snapshot', { snapshot: { id: 'of-clone', volume_id: 'clone' } })
  const volume = { id: 'clone' }
  const new_type = { extra_specs: { storpool_template: 'ssd' } }
  await driveJob('retype-volume', { volume, new_type }, none)
  await driveJob('revert-volume', { volume, snapshot: { id: 'of-clone' } }, none)
  // One that has snapshots stays where they are.
  await drive('create_volume', { volume: { id: 'moving', size: 1 } })
  await driveJob('migrate-volume', { volume: { id: 'moving' }, cluster: 'beta' }, none)
}

/** A job that is done, and one that fails. */
const driveJob = async (kind: string, input: object, wrong: object) => {
  const { id } = await call('POST', '/jobs', { kind, input })
  await jobIs(id, ({ status }) => status === 'succeeded')
  const { id: failing } = await call('POST', '/jobs', { kind, input: { ...input, ...wrong } })
  await jobIs(failing, ({ status }) => status === 'failed')
}

const inputOf = (name: string) => ({
  volume: { id: name },
  image: { source: { kind: 'folder', name: `${name}.raw` }, format: 'raw' },
})

const isOver = ({ finishedAt }: any) => finishedAt !== undefined

/** An image at an address with a signature, on a server that may not be asked: each way in, and again at its end. */
const driveSigned = async () => {
  const source = { kind: 'https', url: 'https://127.0.0.1:9/image?signature=1' }
  const input = { volume: { id: 'small' }, image: { source, format: 'raw' } }
  const [driven, asked] = [
    { ...input, idempotencyKey: 'driven' },
    { kind: 'copy-image-to-volume', input, idempotencyKey: 'asked' },
  ]
  const sent = { ...aDocument(), input: { ...input, host: 'host-1' } }
  for (let time = 0; time < 2; time++) {
    await send(JSON.stringify(sent))
    const [{ jobId }, { id }] = await Promise.all([
      drive('copy_image_to_volume', driven),
      call('POST', '/jobs', asked),
    ])
    await eventually(() => recorded.system.queues.depth('JobsQueue') === 0)
    await Promise.all([jobId, id, sent.id].map((one) => jobIs(one, isOver)))
  }
}

/** Jobs with a store that no agent knows: each comes as far as asking for it, and undoes what it did. */
const driveStores = async () => {
  const snapshotId = '0'.repeat(64)
  const backup = { repository: 'none', snapshotId }
  const destination = { kind: 'folder', store: 'none', name: 'image' }
  const driven: [string, object][] = [
    ['copy_volume_to_image', { volume: { id: 'small' }, image: { destination } }],
    ['backup_volume', { volume: { id: 'small' }, repository: 'none' }],
    ['restore_backup', { volume: { id: 'small' }, backup: { ...backup, sizeBytes: 2 ** 30 } }],
  ]
  for (const [method, input] of driven) {
    const keyed = { ...input, idempotencyKey: method }
    const { jobId } = await drive(method, keyed)
    await jobIs(jobId, isOver)
    await drive(method, keyed)
  }
  for (const [kind, input] of Object.entries({
    'delete-backup': { backup },
    'check-backup': { repository: 'none' },
  })) {
    const { id } = await call('POST', '/jobs', { kind, input })
    await jobIs(id, isOver)
  }
}

const driveDeadLetters = async () => {
  await send('no JSON')
  await eventually(() => recorded.system.queues.depth('JobsDeadLetters') > 0)
  await call('GET', '/dead-letters')
  await call('POST', '/dead-letters/redrive', { before: '2026-01-01T00:00:00Z' })
  await call('POST', '/dead-letters/redrive', {})
}

/** Three jobs nobody knows leave one place on the host; of two jobs one waits for the other, then for the sweep. */
const driveLine = async () => {
  const tickets = ticketsIn(table())
  const unknown = [1, 2, 3, 4].map((n) => `0000000${n}-0000-4000-8000-000000000000`)
  for (const id of unknown.slice(1)) await tickets.join('host-1', id)
  const large = { kind: 'copy-image-to-volume', input: inputOf('large') }
  const { id } = await call('POST', '/jobs', large)
  await jobIs(id, ({ step }) => step === 'copy')
  const next = await call('POST', '/jobs', { kind: 'copy-image-to-volume', input: inputOf('small') })
  await jobIs(next.id, ({ waiting }) => waiting !== undefined)
  await call('GET', '/jobs')
  await call('POST', `/jobs/${id}/cancel`)
  await jobIs(next.id, isOver)

  for (const one of unknown) await tickets.join('host-1', one)
  const last = await call('POST', '/jobs', { kind: 'copy-image-to-volume', input: inputOf('small') })
  await jobIs(last.id, ({ waiting }) => waiting !== undefined)
  await recorded.system.scheduler.runNow('sweep-jobs')
  await jobIs(last.id, isOver)
}

const send = async (MessageBody: string) => {
  const sqs = new SQSClient({ endpoint: recorded.system.endpoints.sqs })
  await sqs.send(
    new SendMessageCommand({ QueueUrl: recorded.system.queues.queueUrl('JobsQueue'), MessageBody }),
  )
  sqs.destroy()
}

const table = () => openTable([...recorded.system.service.tables.values()][0]!.name)
const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString()
const aDocument = () => ({
  id: randomUUID(),
  kind: 'copy-image-to-volume',
  version: 1,
  project: 'default',
  backend: 'default',
  input: { ...inputOf('small'), host: 'host-1' },
})

/** A job whose message was lost an hour ago. */
const loseMessage = () =>
  takeIn({ jobs: jobRecords(table(), anHourAgo), now: anHourAgo }, JobDocument.parse(aDocument()))

/** A job whose execution was lost an hour ago. */
const loseExecution = async () => {
  const { id } = await loseMessage()
  const execution = `arn:aws:lambda:eu-central-1:000000000000:function:cinderless-dev-job-copy-image-to-volume:1/durable-execution/${id}/1`
  await jobRecords(table(), anHourAgo).begin(id, 'attach', anHourAgo(), { execution })
}

/** What is done in a function's name: its log written, secrets read, messages taken, and itself called on time. */
const isDoneForIt = (key: string, { action, on }: Permission) =>
  /^(logs|secretsmanager):|^sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes)$/.test(action) ||
  on === `function:${recorded.system.service.functions.get(key)?.name}` ||
  // The SDK asks for it where an execution has more behind it than is handed over at once.
  action === 'lambda:GetDurableExecutionState'

/** What is heard of a host is kept by the process: of the functions that share this one, the first asks for all. */
const isForAll = ({ keys }: Permission) => keys?.startsWith('HOST#') ?? false

/** No message is there before it is left: it is read only where the answer to its writing was lost. */
const isAfterLoss = ({ action, keys }: Permission) => action === 'dynamodb:GetItem' && keys === 'MESSAGE#*'

/** Which job waits for its turn, and which one wakes it, is chance: what one was seen to do in a line, all may have to. */
const isInLine = (by: string, { action, keys }: Permission) =>
  by.startsWith('job-') &&
  (action === 'lambda:SendDurableExecutionCallbackSuccess' || (keys?.startsWith('TICKETS#') ?? false))

const each = (asked: readonly Asked[]) => [...new Set(asked.map(({ by, what }) => `${by}: ${what}`))]

test('whatever a function asks of AWS, its role allows', () => {
  const { service } = recorded.system
  const refused = recorded.asked.filter(({ by, needs }) => {
    return needs !== undefined && !allows(permissionsOf(roleOf(packaged, service, by)), needs)
  })

  expect(each(refused)).toEqual([])
})

test('whatever a role allows, its function was seen to ask for', () => {
  const { service } = recorded.system
  const needless = [...service.functions.keys()].flatMap((key) => {
    const needs = recorded.asked.flatMap(({ by, needs }) =>
      needs !== undefined &&
      (by === key || isForAll(needs) || (key.startsWith('job-') && isInLine(by, needs)))
        ? [needs]
        : [],
    )
    return permissionsOf(roleOf(packaged, service, key))
      .filter(
        (permission) =>
          !isDoneForIt(key, permission) &&
          !isAfterLoss(permission) &&
          !needs.some((need) => allows([permission], need)),
      )
      .map(({ action, on, keys }) => `${key}: ${action} ${on} ${keys}`)
  })

  expect(needless).toEqual([])
})

test('whoever asks StorPool or an agent may read what it shows there, and is in the private subnets', () => {
  const { service } = recorded.system
  const by = (of: Asked['of']) => new Set(recorded.asked.flatMap((one) => (one.of === of ? [one.by] : [])))

  const mayRead = (key: string, secret: string) =>
    permissionsOf(roleOf(packaged, service, key)).some(
      ({ action, on }) => action === 'secretsmanager:GetSecretValue' && on.startsWith(`secret:${secret}-`),
    )
  const pairOf = (key: string) =>
    functionOf(packaged, service, key)?.Properties.Environment.Variables.AGENT_CREDENTIALS_SECRET
  const isInside = (key: string) => functionOf(packaged, service, key)?.Properties.VpcConfig !== undefined
  const token = 'cinderless/storpool-token'
  expect([...by('StorPool')].filter((key) => !mayRead(key, token) || !isInside(key))).toEqual([])
  expect([...by('an agent')].filter((key) => !mayRead(key, pairOf(key)) || !isInside(key))).toEqual([])
  expect([...by('an agent')]).toEqual(
    expect.arrayContaining([
      'ask-hosts',
      'attach-volume',
      'cancel-job',
      'detach-volume',
      'get-job',
      'job-copy-image-to-volume',
      'list-jobs',
    ]),
  )
})

test('whatever a function asks of agents, the role of its pair allows', () => {
  const { service } = recorded.system
  const anyTask = ['attach-wait', 'release', 'adopt', 'cancel-task', 'tasks', 'health']
  const allowed: Record<string, readonly string[]> = {
    attach: ['attach-wait', 'release', 'health'],
    data: [...anyTask, 'copy-image', 'upload-volume'],
    backup: [...anyTask, 'backup-volume', 'restore-backup', 'delete-backup', 'check-backup'],
    read: ['tasks', 'health'],
  }
  const refused = recorded.asked.filter(({ by, of, what }) => {
    const pair = service.functions.get(by)?.environment.AGENT_CREDENTIALS_SECRET
    const [, role = 'none'] = /-(\w+)$/.exec(typeof pair === 'string' ? pair : '') ?? []
    return of === 'an agent' && !allowed[role]?.includes(what.split(/[/?]/)[2] ?? '')
  })

  expect(each(refused)).toEqual([])
})
