# bash completion for integrations                         -*- shell-script -*-
# Made by scripts/generate_docs.py; do not edit.
#
# This file contains the commands, flags, choices, channels, providers and credential keys: completing them starts no
# program. The program itself prints profiles and identifiers; its output is offered, and never run or expanded.
# shellcheck shell=bash disable=SC2034,SC2154

_integrations_providers='chat-webhook discord getstream grafana-on-call line mattermost msteams novu-slack rocket-chat ryver sendblue slack telegram webex-messaging whatsapp-business zulip anypost braze email-webhook infobip-email mailersend mailgun mailjet mailtrap mandrill netcore nodemailer novu-email novu-email-agent outlook365 plunk postmark resend sendgrid sendinblue ses sparkpost novu apns appio expo fcm one-signal push-webhook pusher-beams pushpad africas-talking afro-message azure-sms bandwidth brevo-sms bulk-sms burst-sms clickatell clicksend cm-telecom eazy-sms firetext forty-six-elks generic-sms gupshup imedia infobip-sms isend-sms isendpro-sms kannel maqsam messagebird mobishastra nexmo novu-sms plivo ring-central sendchamp simpletexting sinch sms-central sms77 smsmode sns telnyx termii twilio unifonic opsgenie pagerduty tool-webhook'

# Each function below sets REPLY.

# The commands of the group $1.
_integrations_commands() {
  case "$1" in
    '') REPLY='create list get update delete set-primary plan apply export diff providers profiles sandbox doctor commands' ;;
    'providers') REPLY='list show' ;;
    'profiles') REPLY='add list show use remove' ;;
    'sandbox') REPLY='serve reset' ;;
    *) REPLY='' ;;
  esac
}

# The flags of the command $1.
_integrations_flags() {
  case "$1" in
    '') REPLY='--version -V --help -h' ;;
    'providers' | 'profiles' | 'sandbox') REPLY='--help -h' ;;
    'create') REPLY='--provider -p --channel -c --name -n --identifier -i --environment-id --credential -C --credentials-file --active --inactive --check --no-check --conditions-file --condition --from-file -f --extra --idempotency-key --if-not-exists --dry-run --skip-validation --interactive -I --retries --quiet -q --show-secrets --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'list') REPLY='--channel -c --provider -p --active --inactive --show-secrets --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'get') REPLY='--quiet -q --show-secrets --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'update') REPLY='--name -n --identifier -i --credential -C --credentials-file --replace-credentials --active --inactive --check --no-check --conditions-file --condition --extra --skip-validation --quiet -q --show-secrets --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'delete') REPLY='--yes -y --quiet -q --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'set-primary') REPLY='--quiet -q --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'plan') REPLY='--prune --target -t --skip-validation --exit-code --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'apply') REPLY='--yes -y --prune --target -t --concurrency --retries --skip-validation --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'export') REPLY='--output -o --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'diff') REPLY='--against -A --all -a --exit-code --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'providers list') REPLY='--channel -c --search -s --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'providers show' | 'profiles list' | 'profiles show' | 'profiles use' | 'doctor' | 'commands') REPLY='--profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'profiles add') REPLY='--api-key-stdin --api-key-env --api-key-command --keyring --region --ca-bundle --allow-http --default --use --force --verify --no-verify --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'profiles remove' | 'sandbox reset') REPLY='--yes -y --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    'sandbox serve') REPLY='--port --rate-limit --idempotency --no-idempotency --profile -P --sandbox --api-url --timeout --json --no-input --verbose -v --color --help -h' ;;
    *) REPLY='' ;;
  esac
}

# The kind of value of the flag $2 of the command $1.
_integrations_kind() {
  case "$1:$2" in
    *':--provider' | *':-p') REPLY='provider' ;;
    *':--channel' | *':-c') REPLY='=in_app email sms chat push tool' ;;
    *':--name' | *':-n' | *':--identifier' | *':-i' | *':--environment-id' | *':--condition' | *':--extra' | *':--idempotency-key' | *':--retries' | *':--api-url' | *':--timeout' | *':--target' | *':-t' | *':--concurrency' | *':--search' | *':-s' | *':--api-key-command' | *':--port' | *':--rate-limit') REPLY='text' ;;
    *':--credential' | *':-C') REPLY='credential' ;;
    *':--credentials-file' | *':--conditions-file' | *':--from-file' | *':-f' | *':--output' | *':-o' | *':--ca-bundle') REPLY='file' ;;
    *':--profile' | *':-P' | *':--against' | *':-A') REPLY='profile' ;;
    *':--color') REPLY='=auto always never' ;;
    *':--api-key-env') REPLY='variable' ;;
    *':--region') REPLY='=us eu' ;;
    *) REPLY='none' ;;
  esac
}

# The kind of value of the argument number $2 of the command $1.
_integrations_argument() {
  case "$1:$2" in
    'get:0' | 'update:0' | 'delete:0' | 'set-primary:0') REPLY='identifier' ;;
    'plan:'* | 'apply:'* | 'diff:'*) REPLY='file' ;;
    'providers show:0') REPLY='provider' ;;
    'profiles add:0') REPLY='text' ;;
    'profiles show:0' | 'profiles use:0' | 'profiles remove:0') REPLY='profile' ;;
    *) REPLY='' ;;
  esac
}

# The credential keys of the provider $1.
_integrations_keys() {
  case "$1" in
    'chat-webhook') REPLY='secretKey' ;;
    'discord' | 'mattermost' | 'novu-slack' | 'ryver' | 'zulip' | 'novu-email' | 'novu-email-agent' | 'novu-sms' | 'opsgenie' | 'pagerduty') REPLY='' ;;
    'getstream' | 'expo' | 'clickatell') REPLY='apiKey' ;;
    'grafana-on-call') REPLY='alertUid title imageUrl state externalLink' ;;
    'line' | 'telegram') REPLY='apiToken' ;;
    'msteams') REPLY='clientId secretKey tenantId redirectUrl' ;;
    'rocket-chat') REPLY='token user' ;;
    'sendblue') REPLY='apiKey secretKey from token' ;;
    'slack') REPLY='applicationId clientId secretKey signingSecret redirectUrl hmac' ;;
    'webex-messaging') REPLY='clientId secretKey redirectUrl baseUrl' ;;
    'whatsapp-business') REPLY='apiToken phoneNumberIdentification businessAccountId secretKey token' ;;
    'anypost' | 'mailersend' | 'mailtrap' | 'mandrill' | 'netcore' | 'plunk' | 'postmark' | 'resend' | 'sendinblue') REPLY='apiKey from senderName' ;;
    'braze') REPLY='apiKey apiURL appID from senderName' ;;
    'email-webhook') REPLY='webhookUrl secretKey from senderName' ;;
    'infobip-email') REPLY='apiKey baseUrl from senderName' ;;
    'mailgun') REPLY='apiKey baseUrl user domain from senderName' ;;
    'mailjet') REPLY='apiKey secretKey from senderName' ;;
    'nodemailer') REPLY='user password host port secure requireTls ignoreTls tlsOptions domain secretKey accountSid from senderName' ;;
    'outlook365') REPLY='password from senderName' ;;
    'sendgrid') REPLY='apiKey region ipPoolName from senderName' ;;
    'ses') REPLY='apiKey secretKey region from senderName' ;;
    'sparkpost') REPLY='apiKey region from senderName' ;;
    'novu') REPLY='hmac' ;;
    'apns') REPLY='secretKey apiKey projectName applicationId secure' ;;
    'appio') REPLY='AppIOBaseUrl' ;;
    'fcm') REPLY='serviceAccount' ;;
    'one-signal') REPLY='applicationId apiKey apiVersion' ;;
    'push-webhook') REPLY='webhookUrl secretKey' ;;
    'pusher-beams') REPLY='instanceId secretKey' ;;
    'pushpad') REPLY='apiKey applicationId' ;;
    'africas-talking') REPLY='apiKey user from' ;;
    'afro-message') REPLY='apiKey senderName from' ;;
    'azure-sms' | 'messagebird') REPLY='accessKey from' ;;
    'bandwidth') REPLY='user password accountSid from' ;;
    'brevo-sms' | 'firetext' | 'isendpro-sms' | 'sendchamp' | 'simpletexting' | 'sms77' | 'smsmode' | 'termii') REPLY='apiKey from' ;;
    'bulk-sms' | 'cm-telecom') REPLY='apiToken from' ;;
    'burst-sms') REPLY='apiKey secretKey' ;;
    'clicksend') REPLY='user apiKey from' ;;
    'eazy-sms') REPLY='apiKey channelId' ;;
    'forty-six-elks') REPLY='user password from' ;;
    'generic-sms') REPLY='baseUrl apiKeyRequestHeader apiKey secretKeyRequestHeader secretKey idPath datePath authenticateByToken domain authenticationTokenKey from' ;;
    'gupshup') REPLY='user password' ;;
    'imedia') REPLY='token from' ;;
    'infobip-sms') REPLY='apiKey baseUrl from' ;;
    'isend-sms') REPLY='apiToken from contentType' ;;
    'kannel') REPLY='host port user password from' ;;
    'maqsam' | 'nexmo') REPLY='apiKey secretKey from' ;;
    'mobishastra') REPLY='baseUrl user password from' ;;
    'plivo' | 'twilio') REPLY='accountSid token from' ;;
    'ring-central') REPLY='clientId secretKey secure token from' ;;
    'sinch') REPLY='servicePlanId apiToken region from' ;;
    'sms-central') REPLY='user password baseUrl from' ;;
    'sns') REPLY='apiKey secretKey region' ;;
    'telnyx') REPLY='apiKey messageProfileId from' ;;
    'unifonic') REPLY='appSid senderId from' ;;
    'tool-webhook') REPLY='method webhookUrl headers body secretKey' ;;
    *) REPLY='AppIOBaseUrl accessKey accountSid alertUid apiKey apiKeyRequestHeader apiToken apiURL apiVersion appID appSid applicationId authenticateByToken authenticationTokenKey baseUrl body businessAccountId channelId clientId contentType datePath domain externalLink from headers hmac host idPath ignoreTls imageUrl instanceId ipPoolName messageProfileId method password phoneNumberIdentification port projectName redirectUrl region requireTls secretKey secretKeyRequestHeader secure senderId senderName serviceAccount servicePlanId signingSecret state tenantId title tlsOptions token user webhookUrl' ;;
  esac
}

# The choices for the credential $2 of the provider $1.
_integrations_key_values() {
  case "$1:$2" in
    'sendgrid:region') REPLY='global eu' ;;
    'sparkpost:region') REPLY='eu' ;;
    'one-signal:apiVersion') REPLY='playerModel externalId' ;;
    'isend-sms:contentType') REPLY='unicode plain' ;;
    'sinch:region') REPLY='eu us au br ca' ;;
    'tool-webhook:method') REPLY='POST PUT PATCH' ;;
    *':authenticateByToken' | *':hmac' | *':ignoreTls' | *':requireTls' | *':secure') REPLY='true false' ;;
    *) REPLY='' ;;
  esac
}

# Sets "words" to the words up to the cursor, and joins what bash has split at = : or @.
_integrations_split() {
  local line=${COMP_LINE:0:COMP_POINT} part index
  words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    part=${COMP_WORDS[index]}
    if [[ $index -eq 0 || $line == [[:space:]]* ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      words+=('')
    fi
    [[ ${#part} -le ${#line} ]] || part=$line
    line=${line:${#part}}
    words[${#words[@]} - 1]+=$part
  done
}

# Sets REPLY to a word without its quotes and backslashes. Nothing is expanded.
_integrations_unquote() {
  local text=$1 head quotes="[\"']"
  REPLY=''
  while [[ $text == *\\?* ]]; do
    head=${text%%\\*}
    text=${text#*\\}
    REPLY+=${head//$quotes/}${text:0:1}
    text=${text:1}
  done
  REPLY+=${text//$quotes/}
}

# Offers a word if it starts with what is typed: quoted, and without the part that readline does not replace.
_integrations_offer() {
  [[ $1 == "$cur"* ]] || return 0
  local shown=${1:skip}
  [[ -n $shown ]] || return 0
  case $quote in
    \") [[ $shown != *[\"\$\`\\!]* ]] || return 0 ;;
    \') [[ $shown != *\'* ]] || return 0 ;;
    *) printf -v shown %q "$shown" ;;
  esac
  COMPREPLY+=("$shown")
}

# Offers file names after the prefix "$1". Where the name starts with readline's own word, readline does it.
_integrations_files() {
  local typed=${cur:${#1}} name
  if [[ $skip -eq ${#1} ]] && compopt -o default 2>/dev/null; then
    return 0
  fi
  while IFS= read -r name; do
    [[ ! -d $name ]] || name+=/
    _integrations_offer "$1$name"
  done < <(compgen -f -- "$typed")
  [[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null
}

# Offers the profiles or identifiers that the program prints: one a line, with a TAB before the description.
_integrations_ask() {
  local name _ program=${words[0]/#\~\//$HOME/}
  type -P -- "$program" >/dev/null || program=integrations
  while IFS=$'\t' read -r name _; do
    _integrations_offer "$2$name"
  done < <("$program" __complete "$1" ${settings[@]+"${settings[@]}"} 2>/dev/null </dev/null)
}

# Offers the values of kind "$1", after the prefix "$2".
_integrations_values() {
  local word key
  case $1 in
    file) _integrations_files "$2" ;;
    profile) _integrations_ask profiles "$2" ;;
    identifier) _integrations_ask identifiers "$2" ;;
    variable) _integrations_each "$(compgen -e)" "$2" ;;
    provider) _integrations_each "$_integrations_providers" "$2" ;;
    =*) _integrations_each "${1#=}" "$2" ;;
    credential)
      key=${cur:${#2}}
      case $key in
        *=@*) _integrations_files "$2${key%%=*}=@" ;;
        *=env:*) _integrations_each "$(compgen -e)" "$2${key%%=*}=env:" ;;
        *=*)
          key=${key%%=*}
          _integrations_key_values "$provider" "$key"
          _integrations_each "$REPLY" "$2$key="
          ;;
        *)
          _integrations_keys "$provider"
          for word in $REPLY; do
            _integrations_offer "$2$word="
          done
          compopt -o nospace 2>/dev/null
          ;;
      esac
      ;;
  esac
}

# Offers each of the words "$1", after the prefix "$2".
_integrations_each() {
  local word
  for word in $1; do
    _integrations_offer "$2$word"
  done
}

# Remembers a flag and its value if other completions depend on them.
_integrations_note() {
  case $1 in
    --provider|-p) provider=$2 ;;
    --profile|-P|--api-url) settings+=("$1" "$2") ;;
  esac
}

# Reads short flags in one word (-vp, -pmailgun): sets "flag" to the one that takes a value, "kind" to its kind, and
# "before" to the word up to its value.
_integrations_cluster() {
  local index
  kind=none
  for ((index = 1; index < ${#1}; index++)); do
    flag=-${1:index:1}
    before=${1:0:index+1}
    _integrations_kind "$path" "$flag"
    kind=$REPLY
    [[ $kind == none ]] || return 0
  done
}

_integrations() {
  local IFS=$' \t\n' REPLY cur word quote='' path='' provider='' flag='' before='' kind='' pending='' only=''
  local skip index last nth=0
  local -a words settings=()
  COMPREPLY=()
  _integrations_split
  last=$((${#words[@]} - 1))
  # "$2" is the end of the last word that readline will replace; a quotation mark before it is still open.
  case ${words[last]%"$2"} in
    *\") quote=\" ;;
    *\') quote=\' ;;
  esac
  _integrations_unquote "${words[last]}"
  cur=$REPLY
  _integrations_unquote "$2"
  skip=$((${#cur} - ${#REPLY}))

  for ((index = 1; index < last; index++)); do
    _integrations_unquote "${words[index]}"
    word=$REPLY
    if [[ -n $pending ]]; then
      _integrations_note "$flag" "$word"
      pending=''
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == --*=* ]]; then
      _integrations_note "${word%%=*}" "${word#*=}"
    elif [[ -z $only && $word == --* ]]; then
      flag=$word
      _integrations_kind "$path" "$flag"
      [[ $REPLY == none ]] || pending=$REPLY
      case $flag in
        --sandbox) settings+=("$flag") ;;
      esac
    elif [[ -z $only && $word == -?* ]]; then
      _integrations_cluster "$word"
      if [[ $kind != none && $word == "$before" ]]; then
        pending=$kind
      elif [[ $kind != none ]]; then
        _integrations_note "$flag" "${word#"$before"}"
      fi
    else
      _integrations_commands "$path"
      if [[ " $REPLY " == *" $word "* ]]; then
        path=${path:+$path }$word
      else
        nth=$((nth + 1))
      fi
    fi
  done

  before=''
  if [[ -n $pending ]]; then
    _integrations_values "$pending" ''
  elif [[ -z $only && $cur == --*=* ]]; then
    _integrations_kind "$path" "${cur%%=*}"
    _integrations_values "$REPLY" "${cur%%=*}="
  elif [[ -z $only && $cur == -* ]]; then
    [[ $cur == --* ]] || _integrations_cluster "$cur"
    if [[ -n $before && $kind != none && $cur != "$before" ]]; then
      _integrations_values "$kind" "$before"
    else
      _integrations_flags "$path"
      _integrations_each "$REPLY" ''
    fi
  else
    _integrations_commands "$path"
    if [[ -n $REPLY ]]; then
      _integrations_each "$REPLY" ''
    else
      _integrations_argument "$path" "$nth"
      _integrations_values "$REPLY" ''
    fi
  fi
}

if [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then
  complete -F _integrations integrations
else
  complete -o default -F _integrations integrations
fi
