"""The names by which a click comes back to us: action ids, and the callback ids of modals."""

SEND = "card.send"
SKIP = "card.skip"
CARD_MENU = "card.menu"
UNDO = "card.undo"
REPLIES = "card.replies"
START_TEXTING = "start_texting"
TAKE_BATCH = "take_batch"

WRONG_NUMBER = "wrong_number"
OPT_OUT = "opt_out"
ASK_FOR_HELP = "ask_for_help"

THREAD_REPLY = "thread.reply"
THREAD_OPT_OUT = "thread.opt_out"
THREAD_HELP = "thread.help"
THREAD_DONE = "thread.done"
THREAD_KEEP_TALKING = "thread.keep_talking"

NEW_CAMPAIGN = "new_campaign"
ADD_CONTACTS = "add_contacts"
EDIT_SCRIPT = "edit_script"
REPLY = "reply"
