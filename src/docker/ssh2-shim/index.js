exports.Client = class {
  constructor() {
    throw new Error('an engine over ssh is reached by the ssh program, not by this package');
  }
};
