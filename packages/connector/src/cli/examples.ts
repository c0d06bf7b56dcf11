/** Examples below the help of each command, and in the man page. */
export const CONNECTOR_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  run: ['landbridge-connector run --home /etc/landbridge'],
  setup: [
    'landbridge-connector setup --home /etc/landbridge  asks for everything',
    'landbridge-connector setup --answers connector.answers --yes  asks nothing',
  ],
  'config check': ['landbridge-connector config check --home /etc/landbridge'],
  'config show': ['landbridge-connector config show', 'landbridge-connector config show --json'],
  user: ['landbridge-connector user jane.doe'],
  login: ['landbridge-connector login jane.doe  asks for the password'],
  troubleshoot: ['landbridge-connector troubleshoot --user jane.doe', 'landbridge-connector troubleshoot --export support.zip'],
  update: ['landbridge-connector update', 'landbridge-connector update --from /srv/packages'],
  health: ['landbridge-connector health && echo ready'],
  'console link': ['landbridge-connector console link'],
  export: ['landbridge-connector export connector.landbridge'],
  import: ['landbridge-connector import connector.landbridge', 'landbridge-connector import --undo  restores the files from before'],
  'service install': ['sudo landbridge-connector service install --home /etc/landbridge'],
  'service remove': ['sudo landbridge-connector service remove'],
  'service status': ['landbridge-connector service status'],
  completion: [
    'landbridge-connector completion bash > /etc/bash_completion.d/landbridge-connector',
    'landbridge-connector completion fish > ~/.config/fish/completions/landbridge-connector.fish',
  ],
};
