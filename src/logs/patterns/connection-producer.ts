import { consoleLine, definePattern, type Pattern } from '../pattern.js';

/** ConnProducer: the 1.x choice of an ordering service endpoint (core/comm/producer.go). */
export const CONNECTION_PRODUCER_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'orderer-endpoint-unreachable',
    loggers: ['ConnProducer'],
    fabric: '1.0.0-1.4.12; `{host:port [MSP]}` from 1.4.2',
    hint: 'Failed connecting to ',
    message: /^Failed connecting to \{?(?<orderer>[^\s{}]+)(?: \[.*?\]\}?)?\}? , error: (?<reason>.*)$/,
    toEvent: (group) => ({ kind: 'deliver.orderer-unreachable', channel: null, orderer: group('orderer'), reason: group('reason') }),
    samples: [
      {
        line: consoleLine('ERRO', 'ConnProducer', 'Failed connecting to {orderer.example.com:7050 [OrdererMSP]} , error: context deadline exceeded'),
        source: 'Fabric 1.4.2-1.4.12 core/comm/producer.go',
        expect: { kind: 'deliver.orderer-unreachable', channel: null, orderer: 'orderer.example.com:7050', reason: 'context deadline exceeded' },
      },
      {
        line: consoleLine('ERRO', 'ConnProducer', 'Failed connecting to orderer.example.com:7050 , error: context deadline exceeded'),
        source: 'Fabric 1.0-1.4.1 core/comm/producer.go',
        expect: { kind: 'deliver.orderer-unreachable', channel: null, orderer: 'orderer.example.com:7050', reason: 'context deadline exceeded' },
      },
    ],
  }),
  definePattern({
    name: 'no-orderer-endpoint-reachable',
    loggers: ['ConnProducer'],
    fabric: '1.4.2-1.4.12',
    hint: 'Could not connect to any of the endpoints: ',
    message: /^(?<reason>Could not connect to any of the endpoints: .*)$/,
    toEvent: (group) => ({ kind: 'deliver.orderer-unreachable', channel: null, orderer: null, reason: group('reason') }),
    samples: [
      {
        line: consoleLine('ERRO', 'ConnProducer', 'Could not connect to any of the endpoints: [{orderer.example.com:7050 [OrdererMSP]}]'),
        source: 'Fabric 1.4.2-1.4.12 core/comm/producer.go',
        expect: {
          kind: 'deliver.orderer-unreachable',
          channel: null,
          orderer: null,
          reason: 'Could not connect to any of the endpoints: [{orderer.example.com:7050 [OrdererMSP]}]',
        },
      },
    ],
  }),
];
