r"""The words of opt-outs, in tables: whoever misses one adds a line here, and the reply to `tests/replies/`.

All is written as `plain_words` leaves it: "do not" for "don't", no accents, no apostrophes. Phrases are looked for in
one sentence at a time, without polite words and swearing. Out of context most of these are words of politics too
("stop sending them weapons", "get us out of the war"), so a phrase has "me", "my number", "texts" or "list" in it.
"""

import re

# ----------------------------------------------------------------------------------------------------------- keywords

STRONG = {
    "stop", "stopall", "stopplease", "stopstop", "stop2end", "stop2quit", "stopquit", "optout", "optmeout", "revoke",
    "discontinue",
    "unsubscribe", "unsubscribed", "unsubscribeme", "remove", "desuscribir", "desuscribirme", "desabonner",
    "desabonnement", "desinscrire", "desinscription", "arret", "arreter", "arretez",
}  # fmt: skip
"""Enough when a sentence says nothing else."""
ALONE = {
    "end", "endall", "quit", "quitall", "cancel", "cancelall", "delete", "cease", "desist", "alto", "parar", "para",
    "pare", "paren", "baja", "cancelar", "cancela", "detener", "eliminar", "fin",
}  # fmt: skip
"""Everyday words too: only when the whole text says nothing else."""
START = {"start", "unstop", "resubscribe", "subscribe", "restart", "optin", "comenzar", "iniciar", "empezar"}
POLITE = frozenset({
    "please", "pls", "plz", "plse", "plez", "porfa", "thanks", "thank", "you", "thx", "ty", "tx", "hi", "hey", "hello",
    "ok", "okay", "oh", "omg", "lol", "sir", "maam", "dude", "bro", "kindly", "just", "now", "today", "already",
    "immediately", "asap", "at", "once", "no", "nope", "yes", "yeah", "sorry", "all", "and", "me", "text", "texts",
    "texting", "message", "messages", "everything", "sms", "por", "favor", "gracias", "hola", "ya", "svp", "s", "il",
    "sil", "vous", "plait", "merci", "bonjour",
})  # fmt: skip
"""What people put around a keyword, and what changes nothing about it."""
FILLERS = frozenset({
    "please", "pls", "plz", "plse", "plez", "porfa", "kindly", "just", "ever", "really", "simply", "immediately", "svp",
    "already", "now", "thanks", "thx", "ty", "merci", "gracias", "haha", "lol", "nope", "ok", "okay",
})  # fmt: skip
"""The same within a phrase."""

# ------------------------------------------------------------------------------------------------------ clear phrases

_STOP = r"(?:stop|quit|cease|end|stopping|discontinue|enough|no more|done with|knock off|cancel)"
_NOT = r"(?:do not|never|did not|will not|can not|may not|must not|no longer|not)"
_TEXT = r"(?:text|message|contact|spam|sms)"
_TEXTING = r"(?:text|texting|texts|messaging|contacting|spamming|sms|reaching out)"
_PESTERING = r"(?:bother|harass|bug|pester|annoy|call|hound|stalk|write|writ|email|solicit|phone)\w*"
_TEXTS = (
    r"(?:texts?|messages?|sms|spam|texting|messaging|communications?|contact|reminders?|notifications?|subscription)"
)
_RUBBISH = r"(?:crap|shit|bullshit|bs|junk|garbage|nonsense|stuff|these|those|this)"
_ME = r"(?:me|us|here|it|him|her|this (?:number|phone|cell|line)|my (?:number|phone|cell|line|\w+s (?:number|phone)))"
_WHOM = r"(?:me|us|him|her|them|it|my(?: \w+){0,3}?|his \w+|her \w+|this(?: \w+)?|that \w+|the number|number)"
_LIST = (
    r"(?:lists?|database|data base|db|systems?|groups?|contacts?|threads?|records?|directory|rolodex|files?|things?"
    r"|texts?|messages|campaign|calls?)\b(?! of (?:registered |eligible )?voters)"
)
_TAKE = (
    r"(?:take|remove|delete|drop|erase|scratch|purge|get|scrub|strike|cross|pull|wipe|clear|unsubscribe|lose|forget"
    r"|leave|keep)"
)
_SOME = (
    r"(?:with|it|all|of|the|these|those|your|this|that|any|daily|my|political|campaign|more|further|sending|getting)"
)
_AT_TIMES = (
    r"(?: (?:at (?!this|my|all)|so |before|after|during|on |until|till|in the|this (?:early|late)|that|while|when|about"
    r"|unless|today|tonight|and drive|the ))"
)
_OF_THIS = (
    r"(?! (?:of|from) (?!this|these|those|your|all|any|the (?:texts?|list|messages)|getting|receiving|future|it|here"
    r"|texts|messages|everything|you\b))"
)
_ESCRIB = r"(?:envi|mand|escrib|contact|molest|text|llam)"
_ESCRIBA = r"(?:(?:envi|mand|contact|molest|text|llam)(?:e|es|en|ee|ees|een|ar)|escrib(?:a|as|an|ir))"

CLEAR_PHRASES = (
    # stop …
    rf"{_STOP} (?:\w+ )?{_TEXTING}\b",
    rf"{_STOP} (?:to )?{_PESTERING} (?:{_ME}\b(?! (?:a|an|names)\b)|$)",
    rf"{_STOP} sending (?:me|us|to (?:me|us|this)|(?:{_SOME} )*{_TEXTS}|(?:them|it|{_RUBBISH})$)\b",
    rf"{_STOP} (?:{_SOME} )*{_TEXTS}\b",
    rf"{_STOP} blowing (?:up )?my (?:phone|cell)",
    r"(?:texts|messages|texting|spam) (?:\w+ )?(?:to|must|should|need to|has to|have to) stop\b",
    r"(?:make|want|need|like|get|have) (?:these|the|your|all) (?:\w+ )?(?:texts|messages) (?:to )?stop\b",
    r"(?:will|can|could|would) you (?:people |guys |all )?(?:not )?stop$",
    r"no more$",
    r"no more(?: of)? (?:these|this|those)$",
    rf"no (?:\w+ )?(?:texts|texting|{_TEXTS[3:-1]})$",
    r"(?:and|so|but|again|to) cease|cease and desist",
    r"^no mas$",
    # said before
    r"i (?:have )?(?:\w+ ){0,2}(?:told|asked|begged|warned|requested) (?:(?:you|your|people|guys|all|nicely|before) )*"
    r"(?:to )?(?:stop|be (?:taken|removed))\b",
    r"(?:i|have) (?:\w+ )?(?:replied|texted|said|sent|typed|saying|responded|wrote|answered)(?: with)? stop\b",
    rf"(?:i|have) (?:\w+ )?(?:opted out|unsubscribed)\b{_OF_THIS}",
    r"\band stop$",
    # do not …
    rf"{_NOT} (?:you |be |to |continue to |continue |keep |\w+ly )*{_TEXT}(?:ing)? (?:to )?{_ME}\b(?!{_AT_TIMES})",
    rf"{_NOT} (?:you |to )?{_TEXT}(?:ing)?$",
    rf"{_NOT} (?:\w+ )?(?:{_TEXT}|{_PESTERING}|send)(?:ing)? (?:\w+ ){{0,5}}(?:again|any more|no more|further)\b",
    rf"{_NOT} (?:bother|harass|pester|bug|solicit) {_ME}\b",
    rf"{_NOT} (?:use|keep|share|sell) (?:my|this) (?:\w+ )?(?:number|phone|cell|info|information)\b",
    r"not (?:ok|okay|authorized|allowed|permitted|welcome) to (?:text|contact|message|call)\b",
    r"^(?:no (?:\w+ )?contact|do not disturb|do not reach out)$",
    rf"{_NOT} send (?:me|us|(?:{_SOME} )*{_TEXTS}|{_RUBBISH}$)",
    rf"{_NOT} (?:have|give|given|giving|gave|granted|got) (?:\w+ ){{0,3}}(?:permission|consent|authoriz\w+)\b",
    r"(?:did not|do not|never) consent(?:ed)? to\b",
    r"(?:revoke|withdraw|rescind)\w* (?:my |all |any )*(?:consent|permission|authoriz\w+)",
    rf"{_NOT} (?:want|wish|need|desire|interested in) (?:\w+ ){{0,5}}"
    r"(?:texts|messages|sms|spam|contacted|texted|messaged|communications?|texting|contact|hear (?:\w+ )?from you)\b",
    rf"{_NOT} (?:want|wish|like) (?:\w+ ){{0,3}}(?:on|part of) (?:\w+ ){{0,3}}{_LIST}",
    r"(?:prefer|rather|appreciate|like|love) (?:it if )?(?:you )?(?:did )?not (?:to )?"
    r"(?:be |being |get |getting |receive |receiving |have )?"
    r"(?:text|contact|message|sms|bother|these$|(?:any|these) (?:texts|messages))\w*",
    # take me off …
    rf"{_TAKE} {_WHOM} (?:\w+ )?off(?: of)?(?: (?:this|it|here|these))?$",
    rf"{_TAKE} {_WHOM} (?:\w+ )?(?:off|from|out of|on)(?: \w+){{0,4}} {_LIST}",
    rf"{_TAKE} {_WHOM} (?:from|out of) (?:this|it|here|these|your \w+)$",
    rf"(?:remove|unsubscribe|delete) {_ME}(?! (?:from|on|off|sign|yard|bill)\b)",
    r"(?:take|get|leave) (?:me|us) off\b(?! (?:work|the hook|early))",
    r"(?:unlist|unenroll|deregister|exclude|omit|withdraw) me\b",
    r"(?:can|may|could|want|like|need|how do) (?:i |we )?(?:to )?(?:be|get) (?:removed|taken off|unsubscribed)$",
    rf"^(?:remove|delete|take|drop) (?:from|off)(?: \w+){{0,3}} {_LIST}",
    r"you (?:can|may|should|could) (?:all )?stop$",
    r"(?:remove|delete|lose|erase|forget|scrub|block|get rid of|discard|dump|ditch|trash) "
    r"(?:my|this|our|that) (?:\w+ )?(?:number|phone|name|contact|info|information|cell)\b",
    r"(?:be|been|get|getting|to) (?:taken|removed|deleted|dropped|pulled) (?:off|from|out of)(?: of)?(?: \w+){0,3} "
    rf"{_LIST}",
    rf"(?:get|getting|want|be|let me) off(?: of)? (?:your|this|the|these|that) (?:\w+ ){{0,2}}{_LIST}",
    r"^(?:remove|delete) (?:me|us|him|her|this|it|number)$",
    r"leave (?:me|us) (?:alone|be$|out of (?:this|it|your))",
    rf"(?:put|add|place) {_WHOM} (?:on|to|in) (?:\w+ )?(?:do not|dnc|no (?:call|text|contact))",
    # and by name
    rf"\bopt(?:ing)? (?:me |us |this (?:number|phone) |my (?:number|phone) )?out\b{_OF_THIS}",
    rf"\b(?:unsubscribe|unsubscribing|optout|stopall)\b{_OF_THIS}",
    # Spanish
    rf"no (?:me|nos) (?:vuelv\w+ a )?{_ESCRIBA}\b",
    rf"no vuelv\w+ a (?:\w+ )?{_ESCRIB}\w*\b",
    rf"no {_ESCRIBA}(?: (?:mas|mensajes|textos|aqui)\b|$)",
    r"(?:dej|par|ces)(?:e|en|a|ar|an) (?:ya )?de "
    r"(?:enviar|mandar|escribir|molestar|contactar|textear|llamar|chingar|joder)\w*\b",
    r"no (?:quiero|deseo|queremos|quisiera) (?:\w+ ){0,3}(?:mensajes?|textos|sms)\b",
    r"que (?:me|nos) (?:quit|saqu|borr|elimin|retir)\w+\b",
    r"no quiero saber (?:mas|nada) de (?:ustedes|usted|ti|esto)\b",
    r"no (?:quiero|deseo) ser (?:contactad|molestad)[oa]\b",
    r"no (?:di|doy|tienen?|he dado) (?:\w+ ){0,2}(?:permiso|consentimiento|autorizacion)\b",
    r"(?:deten\w*|alto) (?:de |a |con |los |estos |sus )*(?:mensajes|textos|enviar)\b",
    rf"no (?:quiero|deseo|queremos) que (?:me|nos) (?:\w+ ){{0,2}}{_ESCRIB}\w*\b",
    r"(?:no|basta|sin|alto|paren) (?:mas |de |con )*(?:los |estos |sus )?(?:mensajes|textos)\b",
    r"(?:quit|saqu|sac|borr|elimin|retir|remuev|remov|baje|bajar|desuscrib|desinscrib)\w*(?:me|nos)\b",
    r"par\w*le (?:a |con |ya )*(?:los |estos |sus )?(?:mensajes|textos)\b",
    r"(?:quit|saqu|sac|borr|elimin|retir)(?:e|en|a|ar|es) (?:mi|este|ese|el) (?:numero|nombre|telefono|celular)\b",
    r"(?:dar|darme|dame|deme|denme|darnos|dado) de baja\b",
    r"(?:cancel|anul)\w* (?:mi |la |esta |los |estos |sus )*(?:suscripcion|mensajes|textos)\b",
    r"(?:salir|salirme) de (?:la|esta|su|esa|tu) lista\b",
    r"dej\w*(?:me|nos) (?:en paz|tranquil\w+|ya)\b",
    # French
    r"(?:ne |n )?(?:me |m |nous )?(?:contact|ecri|text|derang|envoy|appel|harcel|sollicit)\w*(?: moi)?(?: rien)? "
    r"plus\b",
    r"(?:arret|cess)\w* (?:de |d )?(?:m |me |nous |les |vos |ces |avec |tous )*m?(?:ecrire|envoyer|texter|contacter"
    r"|deranger|appeler|harceler|messages?|textos?|sms)\b",
    r"(?:retir|enlev|supprim|effac|desabonn|desinscri|ray|ot)(?:e|ez|er|es|vez|ve) "
    r"(?:moi|nous|(?:mon|ce) (?:numero|nom|telephone))\b",
    r"\bme (?:retirer|enlever|supprimer|desabonner|desinscrire|rayer|oter)\b",
    r"ve(?:ux|ut|ulez|uille|ulons) (?:plus|pas) (?:\w+ ){0,3}(?:messages?|textos?|sms|contacte\w*|texte)\b",
    r"(?:plus|pas|aucun) (?:de |d )?(?:messages?|textos?|sms)\b",
    r"ne (?:plus|pas) (?:\w+ ){0,2}(?:recevoir|contacter|ecrire|texter|envoyer|deranger|contactee?|appeler)\b",
    r"(?:souhaite|desire|voudrais|voulons) (?:plus|pas) (?:\w+ ){0,3}(?:recevoir|messages?|textos?|sms|contactee?)\b",
    r"\bme (?:desabonn|desinscri)\w*\b",
    r"stop (?:aux|les|vos|ces|a) (?:\w+ )?(?:messages?|textos?|sms)\b",
    r"laiss\w* (?:moi|nous) (?:tranquilles?|en paix)\b",
    r"(?:fich|fout|laiss)\w* (?:moi|nous) la paix\b",
)  # fmt: skip
CLEAR = re.compile(rf"\b(?:{'|'.join(CLEAR_PHRASES)})")
DOUBTED = re.compile(
    r"\b(?:(?:do not|did not|never|will not|can not|not|if you|pas|if i)(?: \w+){0,3}"
    r"|(?:she|shes|he|hes|they|theyre|we|who|why did you|why do you"
    r"|my (?:friend|brother|sister|mom|mother|dad|father|wife|husband|son|daughter|kids?))(?: \w+){0,2}) $"
)
"""Before a clear phrase, it makes it a doubtful one: "I don't want to unsubscribe", "she is not texting me"."""

# ----------------------------------------------------------------------------------------------------------- innocent

INNOCENT = re.compile(
    r"\b(?:stop(?:ping|ped|s)? (?:by|in|over|at|light|sign|gap|watch)"
    r"|stop the (?:steal|wars?|cuts|bans?|hate|violence|count)"
    r"|(?:bus|pit|rest|truck|full|whistle|train|next|last|first|non|a|the|my|your) stops?"
    r"|(?:can|do|will|never|not|could|would|did|why)(?: not)? (?:\w+ )?stop"
    r"|nothing (?:\w+ ){0,2}stop"
    r"|(?:to|will|can|could|must|should|help|we|they|lets|gotta|gonna|i|i always|who) stop "
    r"(?!this$|it$|that$|all of|calling|bothering|harassing|texting)\w+"
    r"|(?!you|people|guys|it|this|these|texts|messages)\b\w+ (?:must|has to|have to|needs to|got to|gotta) stop"
    r"|text and drive|stops|not give up"
    r"|they (?:\w+ )?harass\w*"
    r"|not interested in (?:his|her|their|him|them|trump|politics|what)\b)"
)
"""What innocent people write with the words of doubtful ones: cut away before those are looked for."""

# ----------------------------------------------------------------------------------------------------------- doubtful

_COMPLAINT = (
    r"(?:hate|sick of|tired of|annoy\w*|too many|so many|enough|bother\w*|unwanted|unsolicited|illegal|stop|no|not"
    r"|never|quit|why|how many|fed up|over it|so much|already|constant\w*|keep|kept|every day|daily|dare)"
)
_ABOUT_TEXTS = r"(?:texts|texting|texted|text me|messages|spam\w*|sms|contacting me)"
_MY_NUMBER = r"(?:my|this) (?:\w+ )?(?:number|name|info|cell|phone)"

MAYBE_PHRASES = (
    r"\bstop\b",
    r"\b(?:discontinue|desist|unlist|disturb\w*|pester\w*|bother(?:ing|ed))\b",
    r"^(?:i am )?out$",
    r"^(?:quit|revoke|unsubscribe|alto|arret\w*|cease)\b",
    r"^(?:atop|stoop|step|top|shop|sop|slop|stow|stops)$",
    r"^(?:enough|basta|(?:end|cancel|remove|delete)(?: (?:it|this|that|all))?)$",
    rf"\b{_COMPLAINT}\b.*\b{_ABOUT_TEXTS}\b",
    rf"\b{_ABOUT_TEXTS}\b.*\b(?:annoy\w*|bother\w*|ridiculous|too much|illegal|unwanted|enough|stop)\b",
    r"\b(?:do not|never|not) (?:text|message|contact|spam|call|bother|write)(?! (?:much|back|well)\b)\b",
    r"\bnot (?:\w+ ){0,3}(?:permission|consent)\b",
    rf"\bno (?:me|nos) {_ESCRIB}\w*\b",
    r"\b(?:off|from) (?:your|ur|this|the|these|any) (?:\w+ ){0,2}(?:lists?|database)\b",
    r"\b(?:not interested|no interest|uninterested|no (?:me |nos )?interesan?|no estoy interesad[oa])\b",
    r"\b(?:pas interess\w*|interesse pas)\b",
    r"\bnot (?:\w+ )?appreciate\b",
    r"^(?:\w+ ){0,3}(?:annoying|relentless|intrusive|creepy|invasive|obnoxious|unwanted|inappropriate|rude)$",
    # somebody else's telephone
    r"^(?:it is |that is )?not (?:me|him|her)$",
    r"\b(?:wrong (?:number|person|guy|phone)|numero equivocado|se equivoco|mauvais numero|dnc|do not call)\b",
    r"\bnot have this number\b",
    r"^(?!i |we )\w+ (?:has )?(?:moved|relocated)\b",
    r"\b(?:stop|quit) (?:asking|looking|calling) for\b|\b(?:to|will|can) stop (?:calling|bothering|harassing)\b",
    r"\bpas le bon numero\b|\bmauvaise personne\b|\bpersona equivocada\b",
    r"\b(?:not|no longer) (?:live|lives|living|at) (?:here|this (?:number|address))\b",
    r"\bnot (?:my|his|her|their) (?:number|phone|name)\b",
    r"\b(?:passed away|deceased|is dead|has died|died|fallecio|decede)\b",
    # anger
    r"\b(?:already|just) (?:told|said)\b|\btold you no\b|\bhow dare\b|\b(?:final|last) warning\b|\bcount me out\b",
    r"\bhow (?:do|can) i (?:\w+ )?(?:stop|end|quit|get off|get out of|leave|cancel) (?:this|these|it)$",
    r"\b(?:fuck|f|fk|fck|piss|bug|buzz|screw|back|sod) (?:off|you|u|your\w*)\b",
    r"\b(?:go away|get lost|go to hell|drop dead|eat shit|leave me)\b",
    r"\b(?:vete|largate|dej[ae]n?me|chinga\w*|va te faire|degage)\b",
    r"\b(?:spam\w*|scam\w*|harass(?:ing|ment|ed)|stalk\w+|unsolicited)\b",
    r"\b(?:report(?:ed|ing)?|block(?:ed|ing)?) (?:you|this|your|as|it|to)\b",
    r"^(?:i am )?(?:reported|blocked|reporting|blocking)\b",
    r"\b(?:my (?:lawyer|attorney)|fcc|ftc|tcpa|sue you|suing|cops|police|invasion of|privacy)\b",
    # who gave you this?
    rf"\b(?:get|got|have|find|found|give|gave|given|giving|obtain\w*) (?:you |out |u |yall )*{_MY_NUMBER}\b",
    r"\b(?:not|did i|never) (?:sign|signed|subscribed?|register\w*|agree\w*|ask|asked|give|gave)\b.*"
    r"\b(?:up|this|these|number|texts?|messages)\b",
    r"\b(?:consigui\w+|obtuv\w+|dio|saco|tiene\w*) (?:\w+ )?mi numero\b",
    r"\b(?:donne|eu|obtenu|trouve) (?:\w+ )?mon numero\b",
)  # fmt: skip
MAYBE = re.compile("|".join(MAYBE_PHRASES))
NOT_THEM = re.compile(
    r"\b(?:[Tt]his (?:is not|isn['’]?t)|I['’]?m not|I am not|[Nn]o soy|[Nn]ot|[Jj]e ne suis pas) (?:[A-Z][a-z]+)"
    r"[\s.!,]*$"
)
"""“This isn't Dana”: only with its capital is it a name."""
START_AGAIN = re.compile(
    r"\b(?:(?:sign|add|put|opt) me (?:back|in|up)|start (?:texting|sending) me|resubscribe|unstop)\b"
)
LAUGHTER = re.compile(r"😂|🤣|😆|\b(?:lol|lmao|rofl|ha(?:ha)+|killing me)\b", re.IGNORECASE)
