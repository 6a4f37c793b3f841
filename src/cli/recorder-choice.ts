import { fabricNetworksOf, fabricNodeOf, isSelected, type Selection } from '../docker/discovery.js';
import type { JsonObject } from '../docker/engine.js';
import { objectOf, textOf } from '../docker/engine-json.js';
import type { RecorderChoice } from '../docker/recorder.js';

/** As many chosen containers are remembered to judge the next one by; a network that is larger has its databases named by the user. */
const MAX_REMEMBERED = 500;

/** The networks that a container's own inspect output names. */
function networksOf(container: JsonObject): readonly JsonObject[] {
  return Object.entries(objectOf(objectOf(container['NetworkSettings'])['Networks'])).map(([name, n]) => ({
    Id: textOf(objectOf(n)['NetworkID']),
    Name: name,
    Driver: '',
    Options: {},
  }));
}

/**
 * Chooses one container after the other, as they come, by what the user selected. What is Fabric's only beside others (a database), or goes with a project
 * it has no label of (chaincode), is judged together with those chosen before.
 */
export function choiceOf(selection: Selection): RecorderChoice {
  const remembered: JsonObject[] = [];
  const isChosenAmong = (container: JsonObject, others: readonly JsonObject[]): boolean => {
    const containers = [...others, container];
    return fabricNetworksOf({ containers, networks: containers.flatMap(networksOf) }).some((network) =>
      network.nodes.some((node) => node.containerId === textOf(container['Id']) && isSelected(network, node, selection)),
    );
  };
  return {
    selection: { projects: selection.projects, networks: selection.networks, containers: selection.containers },
    isChosen: (container) => {
      const isChosen = isChosenAmong(container, []) || (remembered.length > 0 && isChosenAmong(container, remembered));
      if (isChosen && remembered.length < MAX_REMEMBERED) remembered.push(container);
      return isChosen;
    },
    isPeerOrOrderer: (container) => {
      const role = fabricNodeOf(container)?.role;
      return role === 'peer' || role === 'orderer';
    },
    mayBeChosen: (network) => {
      const name = textOf(network['Name']);
      const project = textOf(objectOf(network['Labels'])['com.docker.compose.project']);
      const { projects, networks } = selection;
      return (
        (networks.length === 0 || networks.some((word) => word === name || (word.length >= 4 && textOf(network['Id']).startsWith(word)))) &&
        (projects.length === 0 || projects.includes(project))
      );
    },
  };
}
