import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readService, type Service } from '../../local/service.ts'
import { may } from './may.ts'
import { type Package, packageService } from './packaged.ts'
import { functionOf, permissionsOf, roleOf } from './roles.ts'
import { root } from './run.ts'

let packaged: Package
let service: Service
beforeAll(async () => {
  packaged = await packageService()
  service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
}, 240_000)
afterAll(() => packaged?.[Symbol.asyncDispose]())

const permissionsBy = (isLog: boolean) =>
  Object.fromEntries(
    [...service.functions.keys()].map((key) => [
      key,
      permissionsOf(roleOf(packaged, service, key))
        .filter(({ action }) => action.startsWith('logs:') === isLog)
        .map(({ action, on, keys }) => [action, on, ...(keys === undefined ? [] : [keys])].join(' ')),
    ]),
  )

test('a function may do what is listed here, and nothing else', () => {
  const inOrder = (of: Record<string, readonly string[]>) =>
    Object.fromEntries(Object.entries(of).map(([key, all]) => [key, [...new Set(all)].sort()]))

  expect(inOrder(permissionsBy(false))).toEqual(inOrder(may))
})

test('a function shows agents the pair of the least role that does, and may read that one', () => {
  const shown = (key: string) => {
    const pair = functionOf(packaged, service, key)?.Properties.Environment.Variables.AGENT_CREDENTIALS_SECRET
    const role = pair === undefined ? 'none' : pair.replace('cinderless/agents-', '')
    expect(permissionsBy(false)[key], key).toEqual(
      expect.arrayContaining(role === 'none' ? [] : [`secretsmanager:GetSecretValue secret:${pair}-??????`]),
    )
    return role
  }

  const { none, ...roles } = Object.groupBy([...service.functions.keys()], shown)
  expect(roles).toEqual({
    attach: ['attach-volume', 'detach-volume'],
    data: ['cancel-job', 'job-copy-image-to-volume', 'job-copy-volume-to-image', 'job-migrate-volume'],
    backup: [
      'list-backups',
      'job-backup-volume',
      'job-restore-backup',
      'job-delete-backup',
      'job-check-backup',
    ],
    read: ['list-jobs', 'get-job', 'ask-hosts'],
  })
})

test('who writes on a condition may read what is there, as it has to where an answer was lost', () => {
  const always = ['STATS#*', 'WITHHELD#*', 'PROJECT#*', 'ATTACHMENTS#name#*']
  const blind = [...service.functions.keys()].flatMap((key) => {
    const all = permissionsOf(roleOf(packaged, service, key))
    const has = (wanted: string, of: string | undefined) =>
      all.some(({ action, keys }) => action === wanted && keys === of)
    return all
      .filter(({ action }) => /^dynamodb:(Put|Delete)Item$/.test(action))
      .filter(({ keys = '' }) => !always.includes(keys) && !has('dynamodb:GetItem', keys))
      .map(({ action, keys }) => `${key}: ${action} ${keys}`)
  })

  expect(blind).toEqual([])
})

test('a function writes its own log, and no other', () => {
  for (const [key, permissions] of Object.entries(permissionsBy(true))) {
    const on = `log-group:/aws/lambda/cinderless-dev-${key}:*:*`
    const actions = ['CreateLogStream', 'CreateLogGroup', 'PutLogEvents']
    expect(permissions).toEqual(actions.map((action) => `logs:${action} ${on}`))
  }
})

test('a role has no other policies, and only Lambda and the clock may take it', () => {
  for (const [, { Properties }] of packaged.ofType('AWS::IAM::Role')) {
    expect(Properties.ManagedPolicyArns).toEqual([])
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: ['lambda.amazonaws.com', 'scheduler.amazonaws.com'] },
        Action: ['sts:AssumeRole'],
      },
    ])
  }
})
