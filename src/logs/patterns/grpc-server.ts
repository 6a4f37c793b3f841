import { parseGoDurationMicros } from '../../events/go-duration.js';
import { instantOfMicros, parseInstant } from '../../events/instant.js';
import { definePattern, type Pattern } from '../pattern.js';
import { parseEpochSeconds } from '../record-clock.js';

/** The call log of the gRPC server, written when a call ends (common/grpclogging). */
export const GRPC_SERVER_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'rpc-completed',
    loggers: ['comm.grpc.server'],
    fabric: '1.4.0+',
    hint: ' call completed',
    message: /^(?:unary|streaming) call completed$/,
    toEvent: (_, { fields }) => {
      const service = fields.get('grpc.service');
      const method = fields.get('grpc.method');
      if (service === undefined || method === undefined) return null;
      const deadline = fields.get('grpc.request_deadline');
      const duration = fields.get('grpc.call_duration');
      return {
        kind: 'rpc.completed',
        service,
        method,
        address: fields.get('grpc.peer_address') ?? null,
        subject: fields.get('grpc.peer_subject') ?? null,
        deadline: deadline === undefined ? null : (parseInstant(deadline) ?? parseEpochSeconds(deadline)),
        durationMicros: duration === undefined ? null : parseGoDurationMicros(duration),
        code: fields.get('grpc.code') ?? null,
        error: fields.get('error') ?? null,
      };
    },
    samples: [
      {
        line: '2026-11-22 10:31:57.216 UTC [comm.grpc.server] 1 -> INFO 00c streaming call completed grpc.service=orderer.AtomicBroadcast grpc.method=Broadcast grpc.peer_address=172.19.0.3:33334 grpc.code=OK grpc.call_duration=22.210392ms',
        expect: {
          kind: 'rpc.completed',
          service: 'orderer.AtomicBroadcast',
          method: 'Broadcast',
          address: '172.19.0.3:33334',
          subject: null,
          deadline: null,
          durationMicros: 22210,
          code: 'OK',
          error: null,
        },
      },
      {
        line: '2026-11-22 10:33:14.317 UTC [comm.grpc.server] 1 -> INFO 00f streaming call completed grpc.service=orderer.AtomicBroadcast grpc.method=Deliver grpc.peer_address=172.19.0.6:43458 grpc.peer_subject="CN=peer1.org2.example.com,L=San Francisco,ST=California,C=US" error="context finished before block retrieved: context canceled" grpc.code=Unknown grpc.call_duration=8.425784ms',
        expect: {
          kind: 'rpc.completed',
          service: 'orderer.AtomicBroadcast',
          method: 'Deliver',
          address: '172.19.0.6:43458',
          subject: 'CN=peer1.org2.example.com,L=San Francisco,ST=California,C=US',
          deadline: null,
          durationMicros: 8425,
          code: 'Unknown',
          error: 'context finished before block retrieved: context canceled',
        },
      },
      {
        line: '2026-11-22 10:33:28.481 UTC [comm.grpc.server] 1 -> INFO 011 streaming call completed grpc.service=orderer.AtomicBroadcast grpc.method=Deliver grpc.peer_address=172.19.0.3:57252 error="rpc error: code = Canceled desc = context canceled" grpc.code=Canceled grpc.call_duration=21.310586ms',
        expect: {
          kind: 'rpc.completed',
          service: 'orderer.AtomicBroadcast',
          method: 'Deliver',
          address: '172.19.0.3:57252',
          subject: null,
          deadline: null,
          durationMicros: 21310,
          code: 'Canceled',
          error: 'rpc error: code = Canceled desc = context canceled',
        },
      },
      {
        line: '2026-11-22 10:31:27.542 UTC [comm.grpc.server] 1 -> INFO 027 unary call completed grpc.service=gossip.Gossip grpc.method=Ping grpc.request_deadline=2026-11-22T10:31:29.542Z grpc.peer_address=172.19.0.5:48836 grpc.peer_subject="CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US" grpc.code=OK grpc.call_duration=115.255µs',
        expect: {
          kind: 'rpc.completed',
          service: 'gossip.Gossip',
          method: 'Ping',
          address: '172.19.0.5:48836',
          subject: 'CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US',
          deadline: instantOfMicros(1795343489542000),
          durationMicros: 115,
          code: 'OK',
          error: null,
        },
      },
      {
        line: '2026-11-22 10:31:27.555 UTC [comm.grpc.server] 1 -> INFO 028 streaming call completed grpc.service=gossip.Gossip grpc.method=GossipStream grpc.request_deadline=2026-11-22T10:31:37.549Z grpc.peer_address=172.19.0.5:48836 grpc.peer_subject="CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US" error="rpc error: code = Canceled desc = context canceled" grpc.code=Canceled grpc.call_duration=6.301509ms',
        expect: {
          kind: 'rpc.completed',
          service: 'gossip.Gossip',
          method: 'GossipStream',
          address: '172.19.0.5:48836',
          subject: 'CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US',
          deadline: instantOfMicros(1795343497549000),
          durationMicros: 6301,
          code: 'Canceled',
          error: 'rpc error: code = Canceled desc = context canceled',
        },
      },
      {
        line: '2026-11-22 10:31:29.051 UTC [comm.grpc.server] 1 -> INFO 02a streaming call completed grpc.service=gossip.Gossip grpc.method=GossipStream grpc.peer_address=172.19.0.5:48848 grpc.peer_subject="CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US" error="rpc error: code = Canceled desc = context canceled" grpc.code=Canceled grpc.call_duration=1.488717459s',
        expect: {
          kind: 'rpc.completed',
          service: 'gossip.Gossip',
          method: 'GossipStream',
          address: '172.19.0.5:48848',
          subject: 'CN=peer1.org1.example.com,L=San Francisco,ST=California,C=US',
          deadline: null,
          durationMicros: 1488717,
          code: 'Canceled',
          error: 'rpc error: code = Canceled desc = context canceled',
        },
      },
    ],
  }),
];
