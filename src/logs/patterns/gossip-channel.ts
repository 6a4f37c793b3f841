import type { ViewMember } from '../../events/event.js';
import { consoleLine, definePattern, type Pattern } from '../pattern.js';

const MEMBER = /\[([^[\] ]*)(?: ([^[\] ]*))?\]/g;
const LIST = /^\[(?:\[[^[\]]*\](?: (?=\[))?)*\]$/;

/**
 * A list of a membership view, `[[ext int] [ext] [ext ] [ int]]`. One token: external and internal endpoint are equal; a trailing blank: no
 * internal endpoint, so of another organization; a leading blank: no external endpoint (gossip/discovery NetworkMember.PreferredEndpoint,
 * gossip/gossip/channel membershipTracker). Null when it is no such list.
 */
function viewOf(list: string): readonly ViewMember[] | null {
  if (!LIST.test(list)) return null;
  return [...list.slice(1, -1).matchAll(MEMBER)].map(([, external = '', internal]) =>
    external === '' ? { endpoint: internal ?? '', organization: 'own' } : { endpoint: external, organization: internal === '' ? 'foreign' : 'own' },
  );
}

/** gossip/gossip/channel: the view of one channel's members. */
export const GOSSIP_CHANNEL_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'view-changed',
    loggers: ['gossip.channel'],
    fabric: '1.4.0+; in one more pair of brackets and with the channel from 2.0.0',
    hint: 'Membership view has changed. ',
    message:
      /^(?:\[\[(?<channel>[^\]]+)\] )?Membership view has changed\. (?:peers went offline: +(?<offline>\[.*?\]) , )?(?:peers went online: +(?<online>\[.*?\]) , )?current view: +(?<view>\[.*?\])\]?$/,
    toEvent: (group) => {
      const wrapped = group('channel') !== '';
      // Only the wrapping bracket may follow the view; the expression cannot tell it from the list's own.
      const view = wrapped || LIST.test(group('view')) ? group('view') : `${group('view')}]`;
      const online = viewOf(group('online') || '[]');
      const offline = viewOf(group('offline') || '[]');
      const members = viewOf(view);
      if (online === null || offline === null || members === null) return null;
      return { kind: 'channel.view-changed', channel: group('channel') || null, online, offline, members };
    },
    samples: [
      {
        line: '2026-11-22 10:32:30.485 UTC [gossip.channel] reportMembershipChanges -> INFO 040 Membership view has changed. peers went online:  [[peer1.org1.example.com:8051]] , current view:  [[peer1.org1.example.com:8051]]',
        expect: {
          kind: 'channel.view-changed',
          channel: null,
          online: [{ endpoint: 'peer1.org1.example.com:8051', organization: 'own' }],
          offline: [],
          members: [{ endpoint: 'peer1.org1.example.com:8051', organization: 'own' }],
        },
      },
      {
        line: '2026-11-22 10:33:30.485 UTC [gossip.channel] reportMembershipChanges -> INFO 051 Membership view has changed. peers went online:  [[peer0.org2.example.com:9051 ]] , current view:  [[peer1.org1.example.com:8051] [peer0.org2.example.com:9051 ]]',
        expect: {
          kind: 'channel.view-changed',
          channel: null,
          online: [{ endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' }],
          offline: [],
          members: [
            { endpoint: 'peer1.org1.example.com:8051', organization: 'own' },
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
          ],
        },
      },
      {
        line: '2026-11-22 10:33:55.744 UTC [gossip.channel] reportMembershipChanges -> INFO 058 Membership view has changed. peers went offline:  [[peer0.org1.example.com:7051]] , current view:  [[peer1.org2.example.com:10051 ] [peer0.org2.example.com:9051 ]]',
        expect: {
          kind: 'channel.view-changed',
          channel: null,
          online: [],
          offline: [{ endpoint: 'peer0.org1.example.com:7051', organization: 'own' }],
          members: [
            { endpoint: 'peer1.org2.example.com:10051', organization: 'foreign' },
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
          ],
        },
      },
      {
        line: '2026-11-22 10:55:53.116 UTC [gossip.channel] reportMembershipChanges -> INFO 030 [[mychannel] Membership view has changed. peers went online:  [[peer1.org1.example.com:8051]] , current view:  [[peer1.org1.example.com:8051]]]',
        expect: {
          kind: 'channel.view-changed',
          channel: 'mychannel',
          online: [{ endpoint: 'peer1.org1.example.com:8051', organization: 'own' }],
          offline: [],
          members: [{ endpoint: 'peer1.org1.example.com:8051', organization: 'own' }],
        },
      },
      {
        line: '2026-11-22 10:56:03.117 UTC [gossip.channel] reportMembershipChanges -> INFO 047 [[mychannel] Membership view has changed. peers went online:  [[peer0.org2.example.com:9051 ] [peer1.org2.example.com:10051 ]] , current view:  [[peer1.org1.example.com:8051] [peer0.org2.example.com:9051 ] [peer1.org2.example.com:10051 ]]]',
        expect: {
          kind: 'channel.view-changed',
          channel: 'mychannel',
          online: [
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
            { endpoint: 'peer1.org2.example.com:10051', organization: 'foreign' },
          ],
          offline: [],
          members: [
            { endpoint: 'peer1.org1.example.com:8051', organization: 'own' },
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
            { endpoint: 'peer1.org2.example.com:10051', organization: 'foreign' },
          ],
        },
      },
      {
        line: '2026-11-22 11:12:13.949 UTC [gossip.channel] reportMembershipChanges -> INFO 04d [[mychannel] Membership view has changed. peers went offline:  [[peer0.org2.example.com:9051] [peer0.org1.example.com:7051 ]] , current view:  [[peer1.org1.example.com:8051 ]]]',
        expect: {
          kind: 'channel.view-changed',
          channel: 'mychannel',
          online: [],
          offline: [
            { endpoint: 'peer0.org2.example.com:9051', organization: 'own' },
            { endpoint: 'peer0.org1.example.com:7051', organization: 'foreign' },
          ],
          members: [{ endpoint: 'peer1.org1.example.com:8051', organization: 'foreign' }],
        },
      },
      {
        line: '2026-11-22 11:23:00.185 UTC 004b INFO [gossip.channel] reportMembershipChanges -> [[mychannel] Membership view has changed. peers went online:  [[peer1.org1.example.com:8051] [peer1.org2.example.com:10051 ] [peer0.org2.example.com:9051 ]] , current view:  [[peer1.org1.example.com:8051] [peer1.org2.example.com:10051 ] [peer0.org2.example.com:9051 ]]]',
        expect: {
          kind: 'channel.view-changed',
          channel: 'mychannel',
          online: [
            { endpoint: 'peer1.org1.example.com:8051', organization: 'own' },
            { endpoint: 'peer1.org2.example.com:10051', organization: 'foreign' },
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
          ],
          offline: [],
          members: [
            { endpoint: 'peer1.org1.example.com:8051', organization: 'own' },
            { endpoint: 'peer1.org2.example.com:10051', organization: 'foreign' },
            { endpoint: 'peer0.org2.example.com:9051', organization: 'foreign' },
          ],
        },
      },
      {
        line: '2026-11-22 11:23:00.464 UTC 0042 INFO [gossip.channel] reportMembershipChanges -> [[mychannel] Membership view has changed. peers went online:  [[peer0.org1.example.com:7051]] , current view:  [[peer0.org1.example.com:7051]]]',
        expect: {
          kind: 'channel.view-changed',
          channel: 'mychannel',
          online: [{ endpoint: 'peer0.org1.example.com:7051', organization: 'own' }],
          offline: [],
          members: [{ endpoint: 'peer0.org1.example.com:7051', organization: 'own' }],
        },
      },
      {
        line: consoleLine(
          'INFO',
          'gossip.channel',
          'Membership view has changed. peers went offline:  [[a.org:7051 10.0.0.1:7051]] , peers went online:  [[ 10.0.0.2:7051] [b.org:7051 ]] , current view:  [[ 10.0.0.2:7051] [b.org:7051 ] [c.org:7051]]',
        ),
        source: 'Fabric 1.4 gossip/gossip/channel/channel.go, members without external endpoint, with two, and foreign',
        expect: {
          kind: 'channel.view-changed',
          channel: null,
          online: [
            { endpoint: '10.0.0.2:7051', organization: 'own' },
            { endpoint: 'b.org:7051', organization: 'foreign' },
          ],
          offline: [{ endpoint: 'a.org:7051', organization: 'own' }],
          members: [
            { endpoint: '10.0.0.2:7051', organization: 'own' },
            { endpoint: 'b.org:7051', organization: 'foreign' },
            { endpoint: 'c.org:7051', organization: 'own' },
          ],
        },
      },
      {
        line: consoleLine(
          'INFO',
          'gossip.channel',
          '[[c-1.x] Membership view has changed. peers went offline:  [[a.org:7051] [b.org:7051 ]] , peers went online:  [[c.org:7051]] , current view:  []]',
        ),
        source: 'Fabric 2.0-3.1 gossip/gossip/channel/channel.go',
        expect: {
          kind: 'channel.view-changed',
          channel: 'c-1.x',
          online: [{ endpoint: 'c.org:7051', organization: 'own' }],
          offline: [
            { endpoint: 'a.org:7051', organization: 'own' },
            { endpoint: 'b.org:7051', organization: 'foreign' },
          ],
          members: [],
        },
      },
    ],
  }),
];
