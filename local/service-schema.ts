import * as z from 'zod'

/** A text, or something CloudFormation would fill in. */
export const Value = z.union([
  z.string(),
  z.number().transform(String),
  z.boolean().transform(String),
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => ({ ref: Ref })),
  z
    .strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
    .transform(({ 'Fn::GetAtt': [ref, attribute] }) => ({ ref, attribute })),
])
export type Value = z.infer<typeof Value>

/** The name a value refers to in `resources`. */
export const Reference = Value.transform((value, context) => {
  if (typeof value === 'object') return value.ref
  context.issues.push({
    code: 'custom',
    message: 'expected !Ref or !GetAtt of a resource here',
    input: value,
  })
  return z.NEVER
})

const HttpApi = z.strictObject({
  method: z.string(),
  path: z.string(),
  /** AWS checks who calls; the local front can only be reached from this machine. */
  authorizer: z.strictObject({ type: z.literal('aws_iam') }).optional(),
})

const Sqs = z.strictObject({
  arn: Reference,
  batchSize: z.int().min(1).max(10).default(10),
  maximumBatchingWindow: z.int().min(0).max(300).default(0),
  maximumConcurrency: z.int().min(2).max(1000).optional(),
  functionResponseType: z.literal('ReportBatchItemFailures').optional(),
  enabled: z.boolean().default(true),
})

const Schedule = z.strictObject({
  method: z.literal('scheduler'),
  rate: z.union([z.string().transform((rate) => [rate]), z.array(z.string())]),
  enabled: z.boolean().default(true),
  input: z.unknown().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
})

/** One of these; a union would not say which part of an event is not understood. */
const Event = z
  .strictObject({ httpApi: HttpApi.optional(), sqs: Sqs.optional(), schedule: Schedule.optional() })
  .refine((event) => Object.keys(event).length === 1, 'one kind of event for each entry')

const ignored = z.unknown().optional()

/** A function; what only matters to a deployment is named here so that anything else is noticed. */
const FunctionEntry = z.strictObject({
  handler: z.string().regex(/^[\w./-]+\.\w+$/),
  timeout: z.int().min(1).max(900).optional(),
  memorySize: z.int().optional(),
  environment: z.record(z.string(), Value).default({}),
  durableConfig: z
    .strictObject({ executionTimeout: z.int().min(1), retentionPeriodInDays: z.int().min(1).default(14) })
    .optional(),
  events: z.array(Event).default([]),
  package: ignored,
  iamRoleStatements: ignored,
  iamRoleStatementsInherit: ignored,
  iamRoleStatementsName: ignored,
  description: ignored,
  tags: ignored,
  reservedConcurrency: ignored,
  logRetentionInDays: ignored,
  vpc: ignored,
  layers: ignored,
})

export const Queue = z.strictObject({
  QueueName: z.string().optional(),
  VisibilityTimeout: z.int().optional(),
  MessageRetentionPeriod: z.int().optional(),
  DelaySeconds: z.int().optional(),
  ReceiveMessageWaitTimeSeconds: z.int().optional(),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: Reference, maxReceiveCount: z.int() }).optional(),
  SqsManagedSseEnabled: ignored,
  KmsMasterKeyId: ignored,
  Tags: ignored,
})

export type Queue = z.infer<typeof Queue>

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }))

export const Table = z.strictObject({
  TableName: z.string().optional(),
  BillingMode: z.literal('PAY_PER_REQUEST'),
  AttributeDefinitions: z.array(
    z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  KeySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema,
        Projection: z.strictObject({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.array(z.string()).optional(),
        }),
      }),
    )
    .optional(),
  PointInTimeRecoverySpecification: ignored,
  SSESpecification: ignored,
  TimeToLiveSpecification: ignored,
  DeletionProtectionEnabled: ignored,
  Tags: ignored,
})

export type Table = z.infer<typeof Table>

export const ServiceFile = z.object({
  service: z.string(),
  provider: z.object({
    name: z.literal('aws'),
    stage: z.string().default('dev'),
    region: z.string().default('us-east-1'),
    timeout: z.int().min(1).max(900).default(6),
    memorySize: z.int().default(1024),
    environment: z.record(z.string(), Value).default({}),
  }),
  functions: z.record(z.string(), FunctionEntry),
  resources: z
    .object({
      Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })),
    })
    .default({ Resources: {} }),
})
