import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readService, type Service } from '../../local/service.ts'
import { type Package, packageService } from './packaged.ts'
import { functionOf, permissionsOf, roleOf } from './roles.ts'
import { root } from './run.ts'

const layer =
  'arn:aws:lambda:eu-central-1:111122223333:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:1'
const topic = 'arn:aws:sns:eu-central-1:111122223333:operators'
const elsewhere = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:third-AbCdEf'

const hosts = { 'host-1': { clientId: 1, agent: 'https://host-1:8443' } }
const backends = {
  second: { SP_API_HTTP_HOST: '10.0.0.2', SP_AUTH_TOKEN_SECRET: 'storpool/second' },
  third: { SP_API_HTTP_HOST: '10.0.0.3', SP_AUTH_TOKEN_SECRET: elsewhere },
}

const token = '1234567890123456789'

const ofFunctions = {
  SP_API_HTTP_HOST: '10.0.0.1',
  SP_API_HTTP_PORT: '8181',
  SP_API_HTTP_TLS: 'on',
  SP_AUTH_TOKEN_SECRET: 'storpool/first',
  SP_OPENSTACK_VOLUME_PREFIX: 'cloud',
  STORPOOL_TEMPLATE: 'nvme',
  STORPOOL_REPLICATION: '2',
  STORPOOL_REVERT_ATTACHED: 'allowed',
  BACKENDS: JSON.stringify(backends),
  HOSTS: JSON.stringify(hosts),
  JOB_HOST: 'host-1',
  IAM_ROLES: JSON.stringify({ 'arn:aws:iam::111122223333:role/*': 'reader' }),
  LOG_LEVEL: 'debug',
}
const ofThePlace = {
  SECRETS_EXTENSION_LAYER: layer,
  SUBNET_IDS: 'subnet-1, subnet-2',
  SECURITY_GROUP_IDS: 'sg-1',
  ALARM_TOPIC_ARN: topic,
  AGENT_ATTACH_SECRET: 'agents/attach',
  AGENT_DATA_SECRET: 'agents/data',
}

let bare: Package
let full: Package
let service: Service
beforeAll(async () => {
  ;[bare, full] = await Promise.all([
    packageService(),
    packageService({ env: { ...ofFunctions, ...ofThePlace, SP_AUTH_TOKEN: token } }),
  ])
  service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
}, 240_000)
afterAll(async () => {
  await bare?.[Symbol.asyncDispose]()
  await full?.[Symbol.asyncDispose]()
})

const propertiesOf = (packaged: Package, key: string) => functionOf(packaged, service, key)?.Properties
const keysWhere = (holds: (key: string) => boolean) => [...service.functions.keys()].filter(holds)
/** Whoever talks to StorPool or to agents has a secret for it. */
const hasSecrets = (key: string) =>
  permissionsOf(roleOf(bare, service, key)).some(({ action }) => action.startsWith('secretsmanager:'))

describe('the settings of a deployment', () => {
  test('are the environment of every function', () => {
    for (const key of service.functions.keys()) {
      expect(propertiesOf(full, key).Environment.Variables).toMatchObject(ofFunctions)
    }
  })

  test('never hold the token: what is in a shell by chance stays there', () => {
    expect(full.text).not.toContain(token)
  })

  test('make a new version of a durable function, as its executions use those of the version they began on', () => {
    const versionsOf = (packaged: Package) => packaged.ofType('AWS::Lambda::Version').map(([id]) => id)

    expect(versionsOf(full)).not.toEqual(versionsOf(bare))
    expect(full.ofType('AWS::Lambda::Version')[0]?.[1].DeletionPolicy).toBe('Retain')
  })

  test('are all in the table of docs/deploy.md', async () => {
    const [yaml = '', program = '', guide = ''] = await Promise.all(
      ['serverless.yml', 'build/deployment.cjs', 'docs/deploy.md'].map((file) =>
        readFile(join(root, file), 'utf8'),
      ),
    )
    const [table = ''] = /## Settings.*?\n## /s.exec(guide) ?? []
    const read = [...yaml.matchAll(/\$\{env:(\w+)/g), ...program.matchAll(/(?:env\.|list\(')(\w+)/g)]

    expect(read.map(([, name = '']) => name).filter((name) => !table.includes(`\`${name}\``))).toEqual([])
  })

  test.each([
    ['a token in BACKENDS', { BACKENDS: '{"b":{"SP_AUTH_TOKEN":"4711"}}' }, 'BACKENDS has the token of b'],
    ['BACKENDS that are no JSON', { BACKENDS: '{b' }, 'BACKENDS is not a JSON object of objects'],
    ['HOSTS that are a list of names', { HOSTS: '["h"]' }, 'HOSTS is not a JSON object of objects'],
    ['a host of which nothing is said', { HOSTS: '{"h":{}}' }, 'neither clientId nor agent for h'],
    ['a way to tell callers that nobody knows', { CINDERLESS_AUTH: 'static,magic' }, 'CINDERLESS_AUTH has'],
    ['callers of Keystone without one', { CINDERLESS_AUTH: 'keystone' }, 'OS_AUTH_URL is missing'],
    ['a role for no ARN', { IAM_ROLES: '{"ada":"admin"}' }, 'IAM_ROLES is not a JSON object of ARNs'],
    ['subnets alone', { SUBNET_IDS: 'subnet-1' }, 'give both or neither'],
  ])('are refused in one line: %s', async (_, env, words) => {
    const said = await packageService({ env }).then(
      () => 'packaged',
      (error: Error) => error.message,
    )

    expect(said.trim().split('\n')).toEqual([expect.stringContaining(words)])
    expect(said).not.toContain('4711')
  })
})

describe('the extension that reads secrets', () => {
  test('is a layer of the functions that may read a secret, and of no others', () => {
    expect(keysWhere((key) => propertiesOf(full, key).Layers?.[0] === layer)).toEqual(keysWhere(hasSecrets))
    expect(keysWhere((key) => propertiesOf(bare, key).Layers?.length > 0)).toEqual([])
  })

  test('gets at the secrets that are named, for every backend, and at no others', () => {
    const secrets = permissionsOf(roleOf(full, service, 'create-volume')).filter(
      ({ action }) => action === 'secretsmanager:GetSecretValue',
    )

    expect(secrets.map(({ on }) => on)).toEqual([
      'secret:storpool/first-??????',
      'secret:storpool/second-??????',
      elsewhere,
    ])
  })

  test('gets at the secret with what a function shows to agents, by the name that is given', () => {
    const shown = ['attach-volume', 'cancel-job', 'get-job'].map((key) => {
      const { AGENT_CREDENTIALS_SECRET } = propertiesOf(full, key).Environment.Variables
      const on = `secret:${AGENT_CREDENTIALS_SECRET}-??????`
      const may = permissionsOf(roleOf(full, service, key)).some((permission) => permission.on === on)
      return [AGENT_CREDENTIALS_SECRET, may]
    })

    expect(shown).toEqual([
      ['agents/attach', true],
      ['agents/data', true],
      ['cinderless/agents-read', true],
    ])
  })
})

describe('private subnets', () => {
  const vpcPolicy = 'AWSLambdaVPCAccessExecutionRole'

  test('hold the functions that talk to StorPool or to agents; the others have no business there', () => {
    const inside = keysWhere((key) => propertiesOf(full, key).VpcConfig !== undefined)

    expect(inside).toEqual(keysWhere(hasSecrets))
    for (const key of inside) {
      expect(propertiesOf(full, key).VpcConfig).toEqual({
        SubnetIds: ['subnet-1', 'subnet-2'],
        SecurityGroupIds: ['sg-1'],
      })
    }
    const mayJoin = (key: string) => JSON.stringify(roleOf(full, service, key)).includes(vpcPolicy)
    expect(keysWhere(mayJoin)).toEqual(inside)
  })

  test('are left alone where none are named', () => {
    const made = JSON.stringify(bare.resources)

    expect(made).not.toContain('VpcConfig')
    expect(made).not.toContain(vpcPolicy)
  })
})

describe('alarms', () => {
  const alarmsOf = (packaged: Package) => packaged.ofType('AWS::CloudWatch::Alarm')

  test('watch dead letters, waiting messages, errors, lost executions, schedules, hosts and the API', () => {
    expect(alarmsOf(bare).map(([id]) => id)).toEqual([
      'DeadLettersAlarm',
      'JobsWaitAlarm',
      'JobErrorsAlarm',
      'HostJobErrorsAlarm',
      'JobExecutionsAlarm',
      'HostJobExecutionsAlarm',
      'SchedulesAlarm',
      'ReconcileAlarm',
      'HostsAlarm',
      'ApiFaultsAlarm',
    ])
  })

  test('watch every function that nobody waits for', () => {
    const watched = alarmsOf(bare)
      .filter(([id]) =>
        ['JobErrorsAlarm', 'HostJobErrorsAlarm', 'SchedulesAlarm', 'ReconcileAlarm', 'HostsAlarm'].includes(
          id,
        ),
      )
      .flatMap(([, { Properties }]) => Properties.Metrics ?? [{ MetricStat: { Metric: Properties } }])
      .flatMap(({ MetricStat }) => MetricStat?.Metric.Dimensions ?? [])
      .map(({ Value }) => bare.resources[Value.Ref]?.Properties.FunctionName)

    const unattended = [
      ...service.queueSources.map(({ function: key }) => key),
      ...service.schedules.map(({ function: key }) => key),
      ...keysWhere((key) => service.functions.get(key)?.durable !== undefined),
    ]
    expect(new Set(watched)).toEqual(new Set(unattended.map((key) => service.functions.get(key)?.name)))
  })

  test('tell the topic that is given, and nobody where none is', () => {
    for (const [, { Properties }] of alarmsOf(full)) {
      expect(Properties).toMatchObject({ AlarmActions: [topic], OKActions: [topic] })
    }
    for (const [, { Properties }] of alarmsOf(bare)) {
      expect(Properties).toMatchObject({ AlarmActions: [], OKActions: [] })
    }
  })
})

describe('what is kept', () => {
  test('logs are kept for a month', () => {
    const kept = bare.ofType('AWS::Logs::LogGroup').map(([, { Properties }]) => Properties.RetentionInDays)

    expect(kept).toEqual(kept.map(() => 30))
    expect(kept.length).toBe(service.functions.size)
  })

  test('the table outlives the stack, can be put back to any second, and lets go of old samples', () => {
    const [[, table] = []] = bare.ofType('AWS::DynamoDB::Table')

    expect(table).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        SSESpecification: { SSEEnabled: true },
      },
    })
  })

  test('queues are encrypted, and talked to over TLS only', () => {
    const queues = bare.ofType('AWS::SQS::Queue')
    const refused = bare.ofType('AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) => {
      const [statement] = Properties.PolicyDocument.Statement
      expect(statement).toMatchObject({
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: { 'Fn::GetAtt': [Properties.Queues[0].Ref, 'Arn'] },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      })
      return Properties.Queues.map(({ Ref }: { Ref: string }) => Ref)
    })

    expect(refused).toEqual(queues.map(([id]) => id))
    expect(queues.filter(([, { Properties }]) => !Properties.SqsManagedSseEnabled)).toEqual([])
  })

  test('the bucket of releases is encrypted and nobody’s but the account’s', () => {
    const [[, bucket] = []] = bare.ofType('AWS::S3::Bucket')

    expect(bucket?.Properties).toMatchObject({
      BucketEncryption: expect.anything(),
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true },
    })
  })
})

test('nothing refers to what is not there', () => {
  const known = new Set([...Object.keys(bare.resources), 'AWS::Region', 'AWS::Partition', 'AWS::AccountId'])
  known.add('AWS::URLSuffix')
  const referred: string[] = []
  JSON.stringify([bare.resources, bare.outputs], (key, value) => {
    if (key === 'Ref') referred.push(value)
    if (key === 'Fn::GetAtt') referred.push(value[0])
    if (key === 'Fn::Sub') referred.push(...[...value.matchAll(/\$\{([^}.]+)/g)].map(([, name]) => name))
    return value
  })

  expect(referred.filter((name) => !known.has(name))).toEqual([])
})
