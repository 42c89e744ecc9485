# Made by scripts/generate_docs.py; do not edit.
#
# This file contains the commands, flags, choices, channels, providers and credential keys: completing them starts no
# program. The program itself prints profiles and identifiers; its output is offered, and never run or expanded.

set -g __integrations_valued --against --api-key-command --api-key-env --api-url --ca-bundle --channel --color --concurrency --condition --conditions-file --credential --credentials-file --environment-id --extra --from-file --idempotency-key --identifier --name --output --port --profile --provider --rate-limit --region --retries --search --target --timeout -A -C -P -c -f -i -n -o -p -s -t

# Whether the line starts with the command in $argv.
function __integrations_at
    set -l words (commandline -opc)
    set -l last (math 1 + (count $argv))
    test (count $words) -ge $last
    and test "$words[2..$last]" = "$argv"
end

# Whether the line has the group in $argv, and no command of it yet.
function __integrations_group
    set -l words (commandline -opc)
    test (count $words) -eq (math 1 + (count $argv))
    and begin
        test (count $argv) -eq 0
        or test "$words[2..-1]" = "$argv"
    end
end

# Whether the word under the cursor is the argument number $argv[1] of the command in $argv[2..-1]; +N means N or later.
function __integrations_argument
    __integrations_at $argv[2..-1]
    or return
    set -l words (commandline -opc)
    set -l count 1
    set -l skip 0
    set -e words[1..(count $argv)]
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word $__integrations_valued
            set skip 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    if string match -q -- '+*' $argv[1]
        test $count -ge (string sub -s 2 -- $argv[1])
    else
        test $count -eq $argv[1]
    end
end

# Prints the value of the flags in $argv on the line.
function __integrations_value_of
    set -l words (commandline -opc)
    set -l value
    set -l next 0
    for word in $words[2..-1]
        if test $next -eq 1
            set value $word
            set next 0
        else if contains -- $word $argv
            set next 1
        else
            for flag in $argv
                switch $flag
                    case '--*'
                        string match -q -- "$flag=*" $word
                        and set value (string replace -- "$flag=" '' $word)
                    case '*'
                        string match -q -- "$flag*" $word
                        and set value (string sub -s 3 -- $word)
                end
            end
        end
    end
    test -n "$value"
    and echo -- $value
end

# Prints the profiles or identifiers that the program prints: one a line, with a TAB before the description.
function __integrations_ask
    set -l words (commandline -opc)
    set -l program (string replace -r -- '^~/' "$HOME/" $words[1])
    type -q -- $program
    or set program integrations
    set -l settings
    for flags in '--profile -P' '--api-url'
        set -l value (__integrations_value_of (string split ' ' -- $flags))
        and set -a settings (string split ' ' -- $flags)[1] $value
    end
    for flag in --sandbox
        contains -- $flag $words
        and set -a settings $flag
    end
    $program __complete $argv[1] $settings 2>/dev/null </dev/null
end

function __integrations_credentials
    set -l typed (string replace -r -- '^(--credential=|-C)' '' (commandline -ct))
    set typed (string unescape -- $typed; or echo -- $typed)
    set -l provider (__integrations_value_of --provider -p)
    set -l parts (string split -m 1 -- = $typed)
    if test (count $parts) -lt 2
        __integrations_keys $provider
        return
    end
    switch $parts[2]
        case '@*'
            set -l name (string sub -s 2 -- $parts[2])
            for file in $name*
                test -d $file
                and set file $file/
                echo -- "$parts[1]=@$file"
            end
        case 'env:*'
            for name in (set -nx)
                echo -- "$parts[1]=env:$name"
            end
        case '*'
            for value in (__integrations_key_values $provider $parts[1])
                echo -- "$parts[1]=$value"
            end
    end
end

function __integrations_variables
    set -nx
end

function __integrations_providers
    printf '%s\t%s\n' chat-webhook 'Chat Webhook (chat)'
    printf '%s\t%s\n' discord 'Discord (chat)'
    printf '%s\t%s\n' getstream 'GetStream (chat)'
    printf '%s\t%s\n' grafana-on-call 'Grafana On Call Webhook (chat)'
    printf '%s\t%s\n' line 'LINE (chat)'
    printf '%s\t%s\n' mattermost 'Mattermost (chat)'
    printf '%s\t%s\n' msteams 'MSTeams (chat)'
    printf '%s\t%s\n' novu-slack 'Novu Slack (chat)'
    printf '%s\t%s\n' rocket-chat 'Rocket.Chat (chat)'
    printf '%s\t%s\n' ryver 'Ryver (chat)'
    printf '%s\t%s\n' sendblue 'Sendblue (chat)'
    printf '%s\t%s\n' slack 'Slack (chat)'
    printf '%s\t%s\n' telegram 'Telegram (chat)'
    printf '%s\t%s\n' webex-messaging 'Webex Messaging (chat)'
    printf '%s\t%s\n' whatsapp-business 'WhatsApp Business (chat)'
    printf '%s\t%s\n' zulip 'Zulip (chat)'
    printf '%s\t%s\n' anypost 'Anypost (email)'
    printf '%s\t%s\n' braze 'Braze (email)'
    printf '%s\t%s\n' email-webhook 'Email Webhook (email)'
    printf '%s\t%s\n' infobip-email 'Infobip (email)'
    printf '%s\t%s\n' mailersend 'MailerSend (email)'
    printf '%s\t%s\n' mailgun 'Mailgun (email)'
    printf '%s\t%s\n' mailjet 'Mailjet (email)'
    printf '%s\t%s\n' mailtrap 'Mailtrap (email)'
    printf '%s\t%s\n' mandrill 'Mandrill (email)'
    printf '%s\t%s\n' netcore 'Netcore (email)'
    printf '%s\t%s\n' nodemailer 'Custom SMTP (email)'
    printf '%s\t%s\n' novu-email 'Novu Email (email)'
    printf '%s\t%s\n' novu-email-agent 'Novu Email (email)'
    printf '%s\t%s\n' outlook365 'Microsoft Outlook365 (email)'
    printf '%s\t%s\n' plunk 'Plunk (email)'
    printf '%s\t%s\n' postmark 'Postmark (email)'
    printf '%s\t%s\n' resend 'Resend (email)'
    printf '%s\t%s\n' sendgrid 'SendGrid (email)'
    printf '%s\t%s\n' sendinblue 'Brevo (formerly Sendinblue) (email)'
    printf '%s\t%s\n' ses 'SES (email)'
    printf '%s\t%s\n' sparkpost 'SparkPost (email)'
    printf '%s\t%s\n' novu 'Novu Inbox (in_app)'
    printf '%s\t%s\n' apns 'APNs (push)'
    printf '%s\t%s\n' appio 'AppIO (push)'
    printf '%s\t%s\n' expo 'Expo Push (push)'
    printf '%s\t%s\n' fcm 'Firebase Cloud Messaging (push)'
    printf '%s\t%s\n' one-signal 'OneSignal (push)'
    printf '%s\t%s\n' push-webhook 'Push Webhook (push)'
    printf '%s\t%s\n' pusher-beams 'Pusher Beams (push)'
    printf '%s\t%s\n' pushpad 'Pushpad (push)'
    printf '%s\t%s\n' africas-talking 'Africa\'s Talking (sms)'
    printf '%s\t%s\n' afro-message 'Afro Message (sms)'
    printf '%s\t%s\n' azure-sms 'Azure Sms (sms)'
    printf '%s\t%s\n' bandwidth 'Bandwidth (sms)'
    printf '%s\t%s\n' brevo-sms 'Brevo (sms)'
    printf '%s\t%s\n' bulk-sms 'BulkSMS (sms)'
    printf '%s\t%s\n' burst-sms 'Kudosity (formerly BurstSMS) (sms)'
    printf '%s\t%s\n' clickatell 'clickatell (sms)'
    printf '%s\t%s\n' clicksend 'Clicksend (sms)'
    printf '%s\t%s\n' cm-telecom 'CM.com (sms)'
    printf '%s\t%s\n' eazy-sms 'Eazy (sms)'
    printf '%s\t%s\n' firetext 'Firetext (sms)'
    printf '%s\t%s\n' forty-six-elks '46elks (sms)'
    printf '%s\t%s\n' generic-sms 'SMS Webhook (sms)'
    printf '%s\t%s\n' gupshup 'Gupshup (sms)'
    printf '%s\t%s\n' imedia 'iMedia (sms)'
    printf '%s\t%s\n' infobip-sms 'Infobip (sms)'
    printf '%s\t%s\n' isend-sms 'iSend SMS (sms)'
    printf '%s\t%s\n' isendpro-sms 'iSendPro (sms)'
    printf '%s\t%s\n' kannel 'Kannel SMS (sms)'
    printf '%s\t%s\n' maqsam 'Maqsam (sms)'
    printf '%s\t%s\n' messagebird 'MessageBird (sms)'
    printf '%s\t%s\n' mobishastra 'Mobishastra (sms)'
    printf '%s\t%s\n' nexmo 'Nexmo (sms)'
    printf '%s\t%s\n' novu-sms 'Novu SMS (sms)'
    printf '%s\t%s\n' plivo 'Plivo (sms)'
    printf '%s\t%s\n' ring-central 'RingCentral (sms)'
    printf '%s\t%s\n' sendchamp 'Sendchamp (sms)'
    printf '%s\t%s\n' simpletexting 'SimpleTexting (sms)'
    printf '%s\t%s\n' sinch 'Sinch (sms)'
    printf '%s\t%s\n' sms-central 'SMS Central (sms)'
    printf '%s\t%s\n' sms77 'sms77 (sms)'
    printf '%s\t%s\n' smsmode 'smsmode (sms)'
    printf '%s\t%s\n' sns 'SNS (sms)'
    printf '%s\t%s\n' telnyx 'Telnyx (sms)'
    printf '%s\t%s\n' termii 'Termii (sms)'
    printf '%s\t%s\n' twilio 'Twilio (sms)'
    printf '%s\t%s\n' unifonic 'Unifonic (sms)'
    printf '%s\t%s\n' opsgenie 'Opsgenie (tool)'
    printf '%s\t%s\n' pagerduty 'PagerDuty (tool)'
    printf '%s\t%s\n' tool-webhook 'Tool webhook (tool)'
end

# The credential keys of a provider.
function __integrations_keys
    switch "$argv"
        case chat-webhook
            printf '%s\t%s\n' secretKey= 'Secret Hmac Key'
        case discord
            true
        case getstream
            printf '%s\t%s\n' apiKey= 'API Key (required)'
        case grafana-on-call
            printf '%s\t%s\n' alertUid= 'Alert UID'
            printf '%s\t%s\n' title= 'Title.'
            printf '%s\t%s\n' imageUrl= 'Image URL'
            printf '%s\t%s\n' state= 'Alert State'
            printf '%s\t%s\n' externalLink= 'External Link'
        case line
            printf '%s\t%s\n' apiToken= 'Channel Access Token (required)'
        case mattermost
            true
        case msteams
            printf '%s\t%s\n' clientId= 'Microsoft App ID'
            printf '%s\t%s\n' secretKey= 'Client Secret'
            printf '%s\t%s\n' tenantId= 'Directory (tenant) ID'
            printf '%s\t%s\n' redirectUrl= 'Redirect URL'
        case novu-slack
            true
        case rocket-chat
            printf '%s\t%s\n' token= 'Personal Access Token (x-auth-token) (required)'
            printf '%s\t%s\n' user= 'User id (x-user-id) (required)'
        case ryver
            true
        case sendblue
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' secretKey= 'Secret Key (required)'
            printf '%s\t%s\n' from= 'From Number (required)'
            printf '%s\t%s\n' token= 'Webhook Secret'
        case slack
            printf '%s\t%s\n' applicationId= 'App ID (required)'
            printf '%s\t%s\n' clientId= 'Client ID (required)'
            printf '%s\t%s\n' secretKey= 'Client Secret (required)'
            printf '%s\t%s\n' signingSecret= 'Signing Secret (required)'
            printf '%s\t%s\n' redirectUrl= 'Redirect URL'
            printf '%s\t%s\n' hmac= 'HMAC'
        case telegram
            printf '%s\t%s\n' apiToken= 'Bot Token (required)'
        case webex-messaging
            printf '%s\t%s\n' clientId= 'Client ID (required)'
            printf '%s\t%s\n' secretKey= 'Client Secret (required)'
            printf '%s\t%s\n' redirectUrl= 'Redirect URL'
            printf '%s\t%s\n' baseUrl= 'Base URL'
        case whatsapp-business
            printf '%s\t%s\n' apiToken= 'Access API token (required)'
            printf '%s\t%s\n' phoneNumberIdentification= 'Phone Number Identification (required)'
            printf '%s\t%s\n' businessAccountId= 'WhatsApp Business Account ID (required)'
            printf '%s\t%s\n' secretKey= 'App Secret (required)'
            printf '%s\t%s\n' token= 'Verify Token'
        case zulip
            true
        case anypost
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case braze
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' apiURL= 'Base URL (required)'
            printf '%s\t%s\n' appID= 'Base URL (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case email-webhook
            printf '%s\t%s\n' webhookUrl= 'Webhook URL (required)'
            printf '%s\t%s\n' secretKey= 'Secret Hmac Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case infobip-email
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' baseUrl= 'Base URL (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case mailersend
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case mailgun
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' baseUrl= 'Base URL'
            printf '%s\t%s\n' user= 'User name (required)'
            printf '%s\t%s\n' domain= 'Domain (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case mailjet
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' secretKey= 'API Secret (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case mailtrap
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case mandrill
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case netcore
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case nodemailer
            printf '%s\t%s\n' user= 'User'
            printf '%s\t%s\n' password= 'Password'
            printf '%s\t%s\n' host= 'Host (required)'
            printf '%s\t%s\n' port= 'Port (required)'
            printf '%s\t%s\n' secure= 'Secure'
            printf '%s\t%s\n' requireTls= 'Require TLS'
            printf '%s\t%s\n' ignoreTls= 'Ignore TLS'
            printf '%s\t%s\n' tlsOptions= 'TLS options'
            printf '%s\t%s\n' domain= 'DKIM: Domain name'
            printf '%s\t%s\n' secretKey= 'DKIM: Private key'
            printf '%s\t%s\n' accountSid= 'DKIM: Key selector'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case novu-email
            true
        case novu-email-agent
            true
        case outlook365
            printf '%s\t%s\n' password= 'Password (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case plunk
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case postmark
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case resend
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case sendgrid
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' region= 'Region'
            printf '%s\t%s\n' ipPoolName= 'IP Pool Name'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case sendinblue
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case ses
            printf '%s\t%s\n' apiKey= 'Access key ID (required)'
            printf '%s\t%s\n' secretKey= 'Secret access key (required)'
            printf '%s\t%s\n' region= 'Region (required)'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case sparkpost
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' region= 'Region'
            printf '%s\t%s\n' from= 'From email address (required)'
            printf '%s\t%s\n' senderName= 'Sender name (required)'
        case novu
            printf '%s\t%s\n' hmac= 'Security HMAC encryption'
        case apns
            printf '%s\t%s\n' secretKey= 'Private Key (required)'
            printf '%s\t%s\n' apiKey= 'Key ID (required)'
            printf '%s\t%s\n' projectName= 'Team ID (required)'
            printf '%s\t%s\n' applicationId= 'Bundle ID (required)'
            printf '%s\t%s\n' secure= 'Production'
        case appio
            printf '%s\t%s\n' AppIOBaseUrl= 'Base URL (required)'
        case expo
            printf '%s\t%s\n' apiKey= 'Access Token (required)'
        case fcm
            printf '%s\t%s\n' serviceAccount= 'Service Account (entire JSON file) (required)'
        case one-signal
            printf '%s\t%s\n' applicationId= 'Application ID (required)'
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' apiVersion= 'One Signal API'
        case push-webhook
            printf '%s\t%s\n' webhookUrl= 'Webhook URL (required)'
            printf '%s\t%s\n' secretKey= 'Secret Hmac Key (required)'
        case pusher-beams
            printf '%s\t%s\n' instanceId= 'Instance ID (required)'
            printf '%s\t%s\n' secretKey= 'Secret Key (required)'
        case pushpad
            printf '%s\t%s\n' apiKey= 'Auth Token (required)'
            printf '%s\t%s\n' applicationId= 'Project ID (required)'
        case africas-talking
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case afro-message
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' senderName= 'Sender Name (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case azure-sms
            printf '%s\t%s\n' accessKey= 'Connection string (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case bandwidth
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' password= 'Password (required)'
            printf '%s\t%s\n' accountSid= 'Account ID (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case brevo-sms
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case bulk-sms
            printf '%s\t%s\n' apiToken= 'API Token (required)'
            printf '%s\t%s\n' from= 'Sender ID'
        case burst-sms
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' secretKey= 'API Secret (required)'
        case clickatell
            printf '%s\t%s\n' apiKey= 'API Key (required)'
        case clicksend
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case cm-telecom
            printf '%s\t%s\n' apiToken= 'Product Token (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case eazy-sms
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' channelId= 'SMS Channel Id (required)'
        case firetext
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case forty-six-elks
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' password= 'Password (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case generic-sms
            printf '%s\t%s\n' baseUrl= 'Base URL (required)'
            printf '%s\t%s\n' apiKeyRequestHeader= 'API Key Request Header (required)'
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' secretKeyRequestHeader= 'Secret Key Request Header'
            printf '%s\t%s\n' secretKey= 'Secret Key'
            printf '%s\t%s\n' idPath= 'Id Path (required)'
            printf '%s\t%s\n' datePath= 'Date Path'
            printf '%s\t%s\n' authenticateByToken= 'Authenticate by token'
            printf '%s\t%s\n' domain= 'Auth URL'
            printf '%s\t%s\n' authenticationTokenKey= 'Authentication Token Key'
            printf '%s\t%s\n' from= 'From (required)'
        case gupshup
            printf '%s\t%s\n' user= 'User id (required)'
            printf '%s\t%s\n' password= 'Password (required)'
        case imedia
            printf '%s\t%s\n' token= 'API Token (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case infobip-sms
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' baseUrl= 'Base URL (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case isend-sms
            printf '%s\t%s\n' apiToken= 'API Token (required)'
            printf '%s\t%s\n' from= 'Default Sender ID'
            printf '%s\t%s\n' contentType= 'Content Type'
        case isendpro-sms
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'Sender'
        case kannel
            printf '%s\t%s\n' host= 'Host (required)'
            printf '%s\t%s\n' port= 'Port (required)'
            printf '%s\t%s\n' user= 'Username'
            printf '%s\t%s\n' password= 'Password'
            printf '%s\t%s\n' from= 'From (required)'
        case maqsam
            printf '%s\t%s\n' apiKey= 'Access Key ID (required)'
            printf '%s\t%s\n' secretKey= 'Access Secret (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case messagebird
            printf '%s\t%s\n' accessKey= 'Access key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case mobishastra
            printf '%s\t%s\n' baseUrl= 'Base URL (required)'
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' password= 'Password (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case nexmo
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' secretKey= 'API secret (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case novu-sms
            true
        case plivo
            printf '%s\t%s\n' accountSid= 'Account SID (required)'
            printf '%s\t%s\n' token= 'Auth token (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case ring-central
            printf '%s\t%s\n' clientId= 'Client ID (required)'
            printf '%s\t%s\n' secretKey= 'Client secret (required)'
            printf '%s\t%s\n' secure= 'Is sandbox'
            printf '%s\t%s\n' token= 'JWT token (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case sendchamp
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case simpletexting
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case sinch
            printf '%s\t%s\n' servicePlanId= 'Service Plan ID (required)'
            printf '%s\t%s\n' apiToken= 'API Token (required)'
            printf '%s\t%s\n' region= 'Region (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case sms-central
            printf '%s\t%s\n' user= 'Username (required)'
            printf '%s\t%s\n' password= 'Password (required)'
            printf '%s\t%s\n' baseUrl= 'Base URL'
            printf '%s\t%s\n' from= 'From (required)'
        case sms77
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case smsmode
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case sns
            printf '%s\t%s\n' apiKey= 'Access key ID (required)'
            printf '%s\t%s\n' secretKey= 'Secret access key (required)'
            printf '%s\t%s\n' region= 'AWS region (required)'
        case telnyx
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' messageProfileId= 'Message profile ID (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case termii
            printf '%s\t%s\n' apiKey= 'API Key (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case twilio
            printf '%s\t%s\n' accountSid= 'Account SID (required)'
            printf '%s\t%s\n' token= 'Auth token (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case unifonic
            printf '%s\t%s\n' appSid= 'App SID (required)'
            printf '%s\t%s\n' senderId= 'Sender ID (required)'
            printf '%s\t%s\n' from= 'From (required)'
        case opsgenie
            true
        case pagerduty
            true
        case tool-webhook
            printf '%s\t%s\n' method= 'HTTP Method (required)'
            printf '%s\t%s\n' webhookUrl= 'Endpoint URL (required)'
            printf '%s\t%s\n' headers= 'Headers'
            printf '%s\t%s\n' body= 'Body Template'
            printf '%s\t%s\n' secretKey= 'Secret Hmac Key'
        case '*'
            printf '%s\t%s\n' AppIOBaseUrl= 'Base URL'
            printf '%s\t%s\n' accessKey= 'Connection string'
            printf '%s\t%s\n' accountSid= 'DKIM: Key selector'
            printf '%s\t%s\n' alertUid= 'Alert UID'
            printf '%s\t%s\n' apiKey= 'API Key'
            printf '%s\t%s\n' apiKeyRequestHeader= 'API Key Request Header'
            printf '%s\t%s\n' apiToken= 'Channel Access Token'
            printf '%s\t%s\n' apiURL= 'Base URL'
            printf '%s\t%s\n' apiVersion= 'One Signal API'
            printf '%s\t%s\n' appID= 'Base URL'
            printf '%s\t%s\n' appSid= 'App SID'
            printf '%s\t%s\n' applicationId= 'App ID'
            printf '%s\t%s\n' authenticateByToken= 'Authenticate by token'
            printf '%s\t%s\n' authenticationTokenKey= 'Authentication Token Key'
            printf '%s\t%s\n' baseUrl= 'Base URL'
            printf '%s\t%s\n' body= 'Body Template'
            printf '%s\t%s\n' businessAccountId= 'WhatsApp Business Account ID'
            printf '%s\t%s\n' channelId= 'SMS Channel Id'
            printf '%s\t%s\n' clientId= 'Microsoft App ID'
            printf '%s\t%s\n' contentType= 'Content Type'
            printf '%s\t%s\n' datePath= 'Date Path'
            printf '%s\t%s\n' domain= 'Domain'
            printf '%s\t%s\n' externalLink= 'External Link'
            printf '%s\t%s\n' from= 'From Number'
            printf '%s\t%s\n' headers= 'Headers'
            printf '%s\t%s\n' hmac= 'HMAC'
            printf '%s\t%s\n' host= 'Host'
            printf '%s\t%s\n' idPath= 'Id Path'
            printf '%s\t%s\n' ignoreTls= 'Ignore TLS'
            printf '%s\t%s\n' imageUrl= 'Image URL'
            printf '%s\t%s\n' instanceId= 'Instance ID'
            printf '%s\t%s\n' ipPoolName= 'IP Pool Name'
            printf '%s\t%s\n' messageProfileId= 'Message profile ID'
            printf '%s\t%s\n' method= 'HTTP Method'
            printf '%s\t%s\n' password= 'Password'
            printf '%s\t%s\n' phoneNumberIdentification= 'Phone Number Identification'
            printf '%s\t%s\n' port= 'Port'
            printf '%s\t%s\n' projectName= 'Team ID'
            printf '%s\t%s\n' redirectUrl= 'Redirect URL'
            printf '%s\t%s\n' region= 'Region'
            printf '%s\t%s\n' requireTls= 'Require TLS'
            printf '%s\t%s\n' secretKey= 'Secret Hmac Key'
            printf '%s\t%s\n' secretKeyRequestHeader= 'Secret Key Request Header'
            printf '%s\t%s\n' secure= 'Secure'
            printf '%s\t%s\n' senderId= 'Sender ID'
            printf '%s\t%s\n' senderName= 'Sender name'
            printf '%s\t%s\n' serviceAccount= 'Service Account (entire JSON file)'
            printf '%s\t%s\n' servicePlanId= 'Service Plan ID'
            printf '%s\t%s\n' signingSecret= 'Signing Secret'
            printf '%s\t%s\n' state= 'Alert State'
            printf '%s\t%s\n' tenantId= 'Directory (tenant) ID'
            printf '%s\t%s\n' title= 'Title.'
            printf '%s\t%s\n' tlsOptions= 'TLS options'
            printf '%s\t%s\n' token= 'Personal Access Token (x-auth-token)'
            printf '%s\t%s\n' user= 'User id (x-user-id)'
            printf '%s\t%s\n' webhookUrl= 'Webhook URL'
    end
end

# The choices for a credential of a provider.
function __integrations_key_values
    switch "$argv[1]:$argv[-1]"
        case sendgrid:region
            printf '%s\n' global eu
        case sparkpost:region
            printf '%s\n' eu
        case one-signal:apiVersion
            printf '%s\n' playerModel externalId
        case isend-sms:contentType
            printf '%s\n' unicode plain
        case sinch:region
            printf '%s\n' eu us au br ca
        case tool-webhook:method
            printf '%s\n' POST PUT PATCH
        case '*:authenticateByToken' '*:hmac' '*:ignoreTls' '*:requireTls' '*:secure'
            printf '%s\n' true false
    end
end

complete -c integrations -e
complete -c integrations -f

complete -c integrations -n '__integrations_group' -a create -d 'Create an integration from flags, a file or prompts.'
complete -c integrations -n '__integrations_group' -a list -d 'List the integrations of the environment.'
complete -c integrations -n '__integrations_group' -a get -d 'Show one integration.'
complete -c integrations -n '__integrations_group' -a update -d 'Change an integration.'
complete -c integrations -n '__integrations_group' -a delete -d 'Delete an integration.'
complete -c integrations -n '__integrations_group' -a set-primary -d 'Make an integration the primary one of its channel.'
complete -c integrations -n '__integrations_group' -a plan -d 'Show what apply would change.'
complete -c integrations -n '__integrations_group' -a apply -d 'Make the environment match a manifest.'
complete -c integrations -n '__integrations_group' -a export -d 'Write the environment as a manifest.'
complete -c integrations -n '__integrations_group' -a diff -d 'Compare two environments, or a manifest and an environment.'
complete -c integrations -n '__integrations_group' -a providers -d 'Look up providers and the credentials they need.'
complete -c integrations -n '__integrations_group' -a profiles -d 'Manage profiles: named API keys and servers.'
complete -c integrations -n '__integrations_group' -a sandbox -d 'Serve or empty the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_group' -a doctor -d 'Diagnose configuration and connectivity.'
complete -c integrations -n '__integrations_group' -a commands -d 'List every command, flag and exit code.'
complete -c integrations -n '__integrations_group' -l version -s V -d 'Show the version and exit.'
complete -c integrations -n '__integrations_group' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_group providers' -a list -d 'List the providers that the API supports.'
complete -c integrations -n '__integrations_group providers' -a show -d 'Show a provider\'s credentials and an example command.'
complete -c integrations -n '__integrations_group providers' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_group profiles' -a add -d 'Add a profile after checking its API key.'
complete -c integrations -n '__integrations_group profiles' -a list -d 'List the profiles.'
complete -c integrations -n '__integrations_group profiles' -a show -d 'Show a profile and where each value comes from.'
complete -c integrations -n '__integrations_group profiles' -a use -d 'Make a profile the default.'
complete -c integrations -n '__integrations_group profiles' -a remove -d 'Remove a profile.'
complete -c integrations -n '__integrations_group profiles' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_group sandbox' -a serve -d 'Serve the sandbox on a loopback socket.'
complete -c integrations -n '__integrations_group sandbox' -a reset -d 'Empty the sandbox.'
complete -c integrations -n '__integrations_group sandbox' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at create' -l provider -s p -x -a '(__integrations_providers)' -d 'The provider: mailgun, twilio, …'
complete -c integrations -n '__integrations_at create' -l channel -s c -x -a 'in_app email sms chat push tool' -d 'The channel; optional if the provider has only one.'
complete -c integrations -n '__integrations_at create' -l name -s n -x -d 'The name shown in the dashboard.'
complete -c integrations -n '__integrations_at create' -l identifier -s i -x -d 'Its unique identifier; generated by default.'
complete -c integrations -n '__integrations_at create' -l environment-id -x -d 'The environment, if not the key\'s own.'
complete -c integrations -n '__integrations_at create' -l credential -s C -x -a '(__integrations_credentials)' -d 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.'
complete -c integrations -n '__integrations_at create' -l credentials-file -r -F -d 'Credentials as a JSON or TOML object.'
complete -c integrations -n '__integrations_at create' -l active -d 'Whether it is active (default: inactive).'
complete -c integrations -n '__integrations_at create' -l inactive -d 'Whether it is active (default: inactive).'
complete -c integrations -n '__integrations_at create' -l check -d 'Whether the server tries the credentials first (default: no).'
complete -c integrations -n '__integrations_at create' -l no-check -d 'Whether the server tries the credentials first (default: no).'
complete -c integrations -n '__integrations_at create' -l conditions-file -r -F -d 'Conditions as a JSON list, or `conditions` in TOML.'
complete -c integrations -n '__integrations_at create' -l condition -x -d 'Use it only if this holds (!= too); repeat it for AND.'
complete -c integrations -n '__integrations_at create' -l from-file -s f -r -F -d 'Everything from a JSON or TOML file; - is stdin.'
complete -c integrations -n '__integrations_at create' -l extra -x -d 'Any other field, sent as it is.'
complete -c integrations -n '__integrations_at create' -l idempotency-key -x -d 'Send this key; generated by default.'
complete -c integrations -n '__integrations_at create' -l if-not-exists -d 'If the identifier exists, print it and exit 0.'
complete -c integrations -n '__integrations_at create' -l dry-run -d 'Print the request and send nothing.'
complete -c integrations -n '__integrations_at create' -l skip-validation -d 'Skip the checks against the catalogue of providers.'
complete -c integrations -n '__integrations_at create' -l interactive -s I -d 'Prompt for everything.'
complete -c integrations -n '__integrations_at create' -l retries -x -d 'How many times to retry (default: 3).'
complete -c integrations -n '__integrations_at create' -l quiet -s q -d 'Print only the _id.'
complete -c integrations -n '__integrations_at create' -l show-secrets -d 'Do not mask credentials.'
complete -c integrations -n '__integrations_at create' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at create' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at create' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at create' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at create' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at create' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at create' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at create' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at create' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at list' -l channel -s c -x -a 'in_app email sms chat push tool' -d 'Only this channel.'
complete -c integrations -n '__integrations_at list' -l provider -s p -x -a '(__integrations_providers)' -d 'Only this provider.'
complete -c integrations -n '__integrations_at list' -l active -d 'Only active, or only inactive ones.'
complete -c integrations -n '__integrations_at list' -l inactive -d 'Only active, or only inactive ones.'
complete -c integrations -n '__integrations_at list' -l show-secrets -d 'Do not mask credentials in --json.'
complete -c integrations -n '__integrations_at list' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at list' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at list' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at list' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at list' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at list' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at list' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at list' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at list' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 get' -x -a '(__integrations_ask identifiers)'
complete -c integrations -n '__integrations_at get' -l quiet -s q -d 'Print only the _id.'
complete -c integrations -n '__integrations_at get' -l show-secrets -d 'Do not mask credentials.'
complete -c integrations -n '__integrations_at get' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at get' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at get' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at get' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at get' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at get' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at get' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at get' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at get' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 update' -x -a '(__integrations_ask identifiers)'
complete -c integrations -n '__integrations_at update' -l name -s n -x -d 'The name shown in the dashboard.'
complete -c integrations -n '__integrations_at update' -l identifier -s i -x -d 'Another unique identifier.'
complete -c integrations -n '__integrations_at update' -l credential -s C -x -a '(__integrations_credentials)' -d 'A credential; VALUE may be @FILE, @- (standard input), env:NAME, cmd:COMMAND or text:VALUE.'
complete -c integrations -n '__integrations_at update' -l credentials-file -r -F -d 'Credentials as a JSON or TOML object.'
complete -c integrations -n '__integrations_at update' -l replace-credentials -d 'Drop credentials that are not passed.'
complete -c integrations -n '__integrations_at update' -l active -d 'Whether it is active.'
complete -c integrations -n '__integrations_at update' -l inactive -d 'Whether it is active.'
complete -c integrations -n '__integrations_at update' -l check -d 'Whether the server tries the credentials first (default: no).'
complete -c integrations -n '__integrations_at update' -l no-check -d 'Whether the server tries the credentials first (default: no).'
complete -c integrations -n '__integrations_at update' -l conditions-file -r -F -d 'Conditions as a JSON list, or `conditions` in TOML.'
complete -c integrations -n '__integrations_at update' -l condition -x -d 'Use it only if this holds (!= too); repeat it for AND.'
complete -c integrations -n '__integrations_at update' -l extra -x -d 'Any other field, sent as it is.'
complete -c integrations -n '__integrations_at update' -l skip-validation -d 'Skip the checks against the catalogue of providers.'
complete -c integrations -n '__integrations_at update' -l quiet -s q -d 'Print only the _id.'
complete -c integrations -n '__integrations_at update' -l show-secrets -d 'Do not mask credentials.'
complete -c integrations -n '__integrations_at update' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at update' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at update' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at update' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at update' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at update' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at update' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at update' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at update' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 delete' -x -a '(__integrations_ask identifiers)'
complete -c integrations -n '__integrations_at delete' -l yes -s y -d 'Do not ask for confirmation.'
complete -c integrations -n '__integrations_at delete' -l quiet -s q -d 'Print only the _id.'
complete -c integrations -n '__integrations_at delete' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at delete' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at delete' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at delete' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at delete' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at delete' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at delete' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at delete' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at delete' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 set-primary' -x -a '(__integrations_ask identifiers)'
complete -c integrations -n '__integrations_at set-primary' -l quiet -s q -d 'Print only the _id.'
complete -c integrations -n '__integrations_at set-primary' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at set-primary' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at set-primary' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at set-primary' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at set-primary' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at set-primary' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at set-primary' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at set-primary' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at set-primary' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument +1 plan' -r -F
complete -c integrations -n '__integrations_at plan' -l prune -d 'Delete what the manifest does not describe.'
complete -c integrations -n '__integrations_at plan' -l target -s t -x -d 'Change only this integration (repeatable).'
complete -c integrations -n '__integrations_at plan' -l skip-validation -d 'Send what the catalogue does not know.'
complete -c integrations -n '__integrations_at plan' -l exit-code -d 'Exit with 9 if there is anything to do, and 0 if not.'
complete -c integrations -n '__integrations_at plan' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at plan' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at plan' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at plan' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at plan' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at plan' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at plan' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at plan' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at plan' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument +1 apply' -r -F
complete -c integrations -n '__integrations_at apply' -l yes -s y -d 'Do not ask.'
complete -c integrations -n '__integrations_at apply' -l prune -d 'Delete what the manifest does not describe.'
complete -c integrations -n '__integrations_at apply' -l target -s t -x -d 'Change only this integration (repeatable).'
complete -c integrations -n '__integrations_at apply' -l concurrency -x -d 'How many requests at a time.'
complete -c integrations -n '__integrations_at apply' -l retries -x -d 'How often to try again (default: 3).'
complete -c integrations -n '__integrations_at apply' -l skip-validation -d 'Send what the catalogue does not know.'
complete -c integrations -n '__integrations_at apply' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at apply' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at apply' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at apply' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at apply' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at apply' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at apply' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at apply' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at apply' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at export' -l output -s o -r -F -d 'Write to this file; JSON by its ending.'
complete -c integrations -n '__integrations_at export' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at export' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at export' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at export' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at export' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at export' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at export' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at export' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at export' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument +1 diff' -r -F
complete -c integrations -n '__integrations_at diff' -l against -s A -x -a '(__integrations_ask profiles)' -d 'The profile of the other environment.'
complete -c integrations -n '__integrations_at diff' -l all -s a -d 'Also show what is the same.'
complete -c integrations -n '__integrations_at diff' -l exit-code -d 'Exit with 9 if they differ, and 0 if not.'
complete -c integrations -n '__integrations_at diff' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at diff' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at diff' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at diff' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at diff' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at diff' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at diff' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at diff' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at diff' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at providers list' -l channel -s c -x -a 'in_app email sms chat push tool' -d 'Only this channel.'
complete -c integrations -n '__integrations_at providers list' -l search -s s -x -d 'Only those with this in id or name.'
complete -c integrations -n '__integrations_at providers list' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at providers list' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at providers list' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at providers list' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at providers list' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at providers list' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at providers list' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at providers list' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at providers list' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 providers show' -x -a '(__integrations_providers)'
complete -c integrations -n '__integrations_at providers show' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at providers show' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at providers show' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at providers show' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at providers show' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at providers show' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at providers show' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at providers show' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at providers show' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at profiles add' -l api-key-stdin -d 'Read the API key from standard input.'
complete -c integrations -n '__integrations_at profiles add' -l api-key-env -x -a '(__integrations_variables)' -d 'Read the API key from this variable at each run.'
complete -c integrations -n '__integrations_at profiles add' -l api-key-command -x -d 'Read the API key from this command\'s output at each run.'
complete -c integrations -n '__integrations_at profiles add' -l keyring -d 'Store the API key in the system keyring.'
complete -c integrations -n '__integrations_at profiles add' -l region -x -a 'us eu' -d 'Use Novu\'s own server in this region.'
complete -c integrations -n '__integrations_at profiles add' -l ca-bundle -r -F -d 'Trust the certificates in this file.'
complete -c integrations -n '__integrations_at profiles add' -l allow-http -d 'Allow plain HTTP, which sends the API key unencrypted.'
complete -c integrations -n '__integrations_at profiles add' -l default -l use -d 'Make it the default profile.'
complete -c integrations -n '__integrations_at profiles add' -l force -d 'Replace an existing profile of this name.'
complete -c integrations -n '__integrations_at profiles add' -l verify -d 'Check the API key with the server before saving.'
complete -c integrations -n '__integrations_at profiles add' -l no-verify -d 'Check the API key with the server before saving.'
complete -c integrations -n '__integrations_at profiles add' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at profiles add' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at profiles add' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at profiles add' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at profiles add' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at profiles add' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at profiles add' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at profiles add' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at profiles add' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at profiles list' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at profiles list' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at profiles list' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at profiles list' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at profiles list' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at profiles list' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at profiles list' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at profiles list' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at profiles list' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 profiles show' -x -a '(__integrations_ask profiles)'
complete -c integrations -n '__integrations_at profiles show' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at profiles show' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at profiles show' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at profiles show' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at profiles show' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at profiles show' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at profiles show' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at profiles show' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at profiles show' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 profiles use' -x -a '(__integrations_ask profiles)'
complete -c integrations -n '__integrations_at profiles use' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at profiles use' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at profiles use' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at profiles use' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at profiles use' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at profiles use' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at profiles use' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at profiles use' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at profiles use' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_argument 1 profiles remove' -x -a '(__integrations_ask profiles)'
complete -c integrations -n '__integrations_at profiles remove' -l yes -s y -d 'Do not ask for confirmation.'
complete -c integrations -n '__integrations_at profiles remove' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at profiles remove' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at profiles remove' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at profiles remove' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at profiles remove' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at profiles remove' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at profiles remove' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at profiles remove' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at profiles remove' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at sandbox serve' -l port -x -d 'The port to listen on; 0 picks a free one.'
complete -c integrations -n '__integrations_at sandbox serve' -l rate-limit -x -d 'Answer 429 beyond N requests a second.'
complete -c integrations -n '__integrations_at sandbox serve' -l idempotency -d 'Whether idempotency keys are honoured.'
complete -c integrations -n '__integrations_at sandbox serve' -l no-idempotency -d 'Whether idempotency keys are honoured.'
complete -c integrations -n '__integrations_at sandbox serve' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at sandbox serve' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at sandbox serve' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at sandbox serve' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at sandbox serve' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at sandbox serve' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at sandbox serve' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at sandbox serve' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at sandbox serve' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at sandbox reset' -l yes -s y -d 'Do not ask.'
complete -c integrations -n '__integrations_at sandbox reset' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at sandbox reset' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at sandbox reset' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at sandbox reset' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at sandbox reset' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at sandbox reset' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at sandbox reset' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at sandbox reset' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at sandbox reset' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at doctor' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at doctor' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at doctor' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at doctor' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at doctor' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at doctor' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at doctor' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at doctor' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at doctor' -l help -s h -d 'Show this message and exit.'

complete -c integrations -n '__integrations_at commands' -l profile -s P -x -a '(__integrations_ask profiles)' -d 'Use this profile of the settings file.'
complete -c integrations -n '__integrations_at commands' -l sandbox -d 'Use the built-in API: no account, no key, no network.'
complete -c integrations -n '__integrations_at commands' -l api-url -x -d 'The address of the API.'
complete -c integrations -n '__integrations_at commands' -l timeout -x -d 'The time limit of one attempt.'
complete -c integrations -n '__integrations_at commands' -l json -d 'Print one JSON document; errors too.'
complete -c integrations -n '__integrations_at commands' -l no-input -d 'Never prompt; fail if something is missing.'
complete -c integrations -n '__integrations_at commands' -l verbose -s v -d 'Show every attempt, and where each setting comes from.'
complete -c integrations -n '__integrations_at commands' -l color -x -a 'auto always never' -d 'When to use colour.'
complete -c integrations -n '__integrations_at commands' -l help -s h -d 'Show this message and exit.'
