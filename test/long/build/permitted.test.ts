import { afterAll, beforeAll, expect, test } from 'vitest'
import { driveJobs, driveOperations, driveSigned, driveStores } from '../../build/drive-jobs.ts'
import { driveDeadLetters, driveLine, loseExecution, loseMessage } from '../../build/drive-queue.ts'
import { driveStorage } from '../../build/drive-storage.ts'
import { driving } from '../../build/driving.ts'
import { type Package, packageService } from '../../build/packaged.ts'
import { type Asked, startRecorded } from '../../build/recorded.ts'
import { allows, functionOf, type Permission, permissionsOf, roleOf } from '../../build/roles.ts'
import { aFolder } from '../../support/system.ts'

let folder: Awaited<ReturnType<typeof aFolder>>
let recorded: Awaited<ReturnType<typeof startRecorded>>
let packaged: Package

beforeAll(async () => {
  folder = await aFolder()
  const inSubnets = { SUBNET_IDS: 'subnet-1', SECURITY_GROUP_IDS: 'sg-1' }
  ;[packaged, recorded] = await Promise.all([packageService({ env: inSubnets }), startRecorded(folder.path)])
  const at = driving(recorded.system, folder.path)
  const { call, drive } = at
  await driveOperations(at)
  await driveJobs(at)
  await Promise.all([driveSigned(at), driveDeadLetters(at)])
  await driveLine(at)
  await driveStores(at)
  await driveStorage(recorded.system)
  await loseMessage(at)
  await loseExecution(at)
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
