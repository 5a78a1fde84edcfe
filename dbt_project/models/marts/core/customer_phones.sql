-- One row per person and phone: the survivor and the values that lost to it.
{{ customer_contacts('phone') }}
